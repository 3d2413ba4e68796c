import re

import pytest
from _hooks import symbols
from _hooks.errors import BuildError

PAPER = {"light": "#fdfcf9", "dark": "#16191f"}
PANEL = {"light": "#f6f3ec", "dark": "#1d2129"}
WHITE = {"light": "#ffffff", "dark": "#1e2129"}
ROLE = 'score: {light: "#b3261e", dark: "#ff9e94", mark: "▲", line: dashed}'
SYMBOL = "e: {tex: e, role: score, name: score, meaning: how well, code: [e]}"


def luminance(color):
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture
def written(tmp_path):
    def write(roles=ROLE, entries=SYMBOL):
        path = tmp_path / "symbols.yml"
        path.write_text(f"roles:\n  {roles}\nsymbols:\n  {entries}\n", "utf-8")
        return path

    return write


def refused(path):
    with pytest.raises(BuildError) as caught:
        symbols.load(path)
    assert caught.value.file == path
    return caught.value


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", [PAPER, PANEL, WHITE])
def test_every_role_can_be_read_on_paper_on_panels_and_in_figures(scheme, ground):
    low = {
        role: round(contrast(color, ground[scheme]), 2)
        for role, color in symbols.colors(scheme).items()
        if contrast(color, ground[scheme]) < 4.5
    }
    assert not low


def test_the_grounds_of_this_test_are_those_of_the_style_sheet():
    css = (symbols.TABLE.parent / "assets" / "book.css").read_text("utf-8")
    for name, grounds in (("paper", PAPER), ("panel", PANEL)):
        assert re.findall(rf"--{name}: (#\w+);", css)[:2] == list(grounds.values())


def test_roles_of_one_line_differ_in_color_and_roles_of_one_mark_do_not_exist():
    roles = list(symbols.load().roles.values())
    assert len({role.mark for role in roles}) == len(roles)
    assert len({role.light for role in roles}) == len(roles)
    assert {role.line for role in roles} == set(symbols.LINES)


def test_every_symbol_can_be_set():
    for key in symbols.load().symbols:
        mathml = symbols.formula(rf"\s{{{key}}}")
        assert mathml.count(f'data-sym="{key}"') == 1
        assert "color:" not in mathml


def test_a_formula_marks_each_symbol_with_its_role_and_key():
    mathml = symbols.formula(r"\s{alpha}_{ij} = \exp(\s{e}_{ij})")
    assert mathml.count('class="sym role-weight" data-sym="alpha"') == 1
    assert mathml.count('class="sym role-score" data-sym="e"') == 1


def test_an_unknown_symbol_is_named():
    with pytest.raises(BuildError, match="unknown symbol 'omega'"):
        symbols.formula(r"\s{omega}")


def test_identifiers_and_their_gradients_are_marked_in_code_and_nothing_else():
    code = (
        '<span class="n">alpha</span><span class="n">dalpha</span><span class="n">alphabet</span>'
    )
    marked = symbols.mark_code(code, ["alpha"])
    assert marked.count('data-sym="alpha"') == 2
    assert '<span class="n">alphabet</span>' in marked


def test_a_row_of_the_table_has_symbol_role_meaning_and_code():
    row = symbols.table(["alpha"]).splitlines()[-1]
    for part in ("$\\s{alpha}$", "● weight", "**Attention weight**", ">alpha</code>"):
        assert part in row


def test_the_styles_name_every_role_in_both_schemes():
    css = symbols.css()
    for role in symbols.load().roles.values():
        assert f"--role-{role.name}: {role.light};" in css
        assert f"--role-{role.name}: {role.dark};" in css
    assert css.count("{") == css.count("}")
    assert css.index("@media screen") < css.index("slate")


def test_a_table_as_written_is_read(written):
    table = symbols.load(written())
    assert table.symbol("e").role.light == "#b3261e"


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ('score: {light: "#b3261e", dark: "#ff9e94", mark: "▲"}', "expected the fields"),
        (ROLE.replace("mark", "shape"), "expected the fields"),
        ("score: red", "expected the fields"),
        (ROLE.replace('"#b3261e"', "red"), "light"),
        (ROLE.replace("dashed", "wavy"), "line"),
    ],
)
def test_a_malformed_role_is_refused_at_its_line(written, roles, message):
    error = refused(written(roles=roles))
    assert message in error.message
    assert error.line == 2


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (SYMBOL.replace("role: score", "role: heat"), "unknown role 'heat'"),
        (SYMBOL.replace(", code: [e]", ""), "expected the fields"),
        (SYMBOL.replace("[e]", "e"), "code"),
        (SYMBOL.replace("tex: e", "tex: 3"), "tex"),
        ("e:", "expected the fields"),
    ],
)
def test_a_malformed_symbol_is_refused_at_its_line(written, entry, message):
    error = refused(written(entries=entry))
    assert message in error.message
    assert error.line == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"roles:\n  {ROLE}\n", "symbols"),
        ("roles: [score]\nsymbols: {}\n", "roles can't be"),
        (f"roles:\n  {ROLE}\nsymbols:\n  - e\n", "symbols can't be"),
        ("", "expected the fields"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, message):
    path = tmp_path / "symbols.yml"
    path.write_text(text, "utf-8")
    assert message in refused(path).message
