import io
from pathlib import Path

import pytest
from _hooks import mathml, screen
from _hooks.errors import BuildError
from fontTools.ttLib import TTFont


def test_a_cure_replaces_what_it_names():
    assert screen.cure('<div role="dialog">', "role", "aria-label role") == (
        '<div aria-label role="dialog">'
    )


def test_a_theme_without_the_sick_place_stops_the_build():
    with pytest.raises(BuildError, match="the theme has no longer: role"):
        screen.cure("<dialog>", "role", "aria-label role")


def test_the_theme_of_another_version_stops_the_build(tmp_path):
    script = tmp_path / "assets" / "javascripts" / "bundle.0.min.js"
    script.parent.mkdir(parents=True)
    script.write_text('a(location.protocol!=="file:")')
    screen.cure_script(tmp_path)
    assert script.read_text() == "a(false)"
    with pytest.raises(BuildError, match="no longer"):
        screen.cure_script(tmp_path)


def test_styles_reach_the_reader_without_their_comments(tmp_path):
    style = tmp_path / "assets" / "book.css"
    style.parent.mkdir()
    style.write_text("/* why\n   so */\na { b: c }  /* and d */\ne { f: g }\n")
    screen.drop_comments(tmp_path)
    assert style.read_text() == "a { b: c }  e { f: g }\n"


def test_chapters_are_the_pages_with_a_number():
    assert screen.is_chapter("2 Looking back")
    assert not any(map(screen.is_chapter, ("Home", "2nd", "", None)))


def test_minutes_are_summed_before_they_are_rounded():
    assert screen.whole([0.4, 0.4, 0.4]) == 1
    assert screen.whole([2.6, 2.7]) == 5
    assert screen.whole([0.1]) == 1


def test_the_font_has_what_formulas_use_and_the_italics_of_it(tmp_path):
    used = mathml.characters(["<p>ö</p><math><mi>h</mi><mo>&#8721;</mo><mi>α</mi></math>"])
    assert set(used) == set("hα∑")
    font = TTFont(io.BytesIO(mathml.font(used, tmp_path)))
    assert set(map(chr, font.getBestCmap())) == set("hα∑ℎ𝛼")
    assert "MATH" in font


def test_a_root_needs_its_sign_though_no_character_stands_for_it():
    assert mathml.characters([mathml.to_mathml(r"\sqrt{d}", False, lambda _: ("", ""))]) == "d√"


def test_the_font_is_the_same_every_time_and_smaller_than_40_kb(tmp_path):
    used = "".join(map(chr, range(0x20, 0x7F))) + "αβγσ∑∂∈"
    first, again = (mathml.font(used, tmp_path / name) for name in "ab")
    assert first == again == mathml.font(used, tmp_path / "a")
    assert len(first) < 40_000


@pytest.mark.parametrize("part", ["FONT", "version", "__file__"])
def test_the_font_is_cut_anew_when_what_it_is_made_from_or_by_changes(part, tmp_path, monkeypatch):
    changed = tmp_path / "changed"
    before = Path(mathml.FONT if part == "FONT" else mathml.__file__).read_bytes()
    changed.write_bytes(before + b"\nx = 1\n")
    mathml.font("d", tmp_path / "cache")
    monkeypatch.setattr(mathml, part, (lambda _: "0") if part == "version" else changed)
    mathml._made_from.cache_clear()
    mathml.font("d", tmp_path / "cache")
    mathml._made_from.cache_clear()
    assert len(list((tmp_path / "cache").glob("*.woff2"))) == 2
