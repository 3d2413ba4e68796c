"""Figures are drawn by the code that stands in the files now, once for each version of it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from _hooks import figures
from _hooks.errors import BuildError

FIGURE = '''"""A bar."""

import matplotlib.pyplot as plt
from toy import HEIGHT

KIND = "computed"


def alt():
    return f"A bar of {HEIGHT}"


def figure(colors):
    from toy import HEIGHT

    fig, ax = plt.subplots()
    ax.bar([0], [HEIGHT], color=colors["ink"])
    return fig
'''

Edit = Callable[[str, str], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """A project with one figure, which draws a number of another module; writes its files."""
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    monkeypatch.setattr(figures, "CACHE", tmp_path / ".cache")
    figures._drawn.cache_clear()

    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    write("snippets/page/fig_bar.py", FIGURE)
    write("toy.py", "HEIGHT = 3\n")
    return write


def test_a_figure_follows_the_modules_that_it_imports(edit: Edit) -> None:
    low = figures.figure("fig_bar")
    edit("toy.py", "HEIGHT = 4.25\n")
    high = figures.figure("fig_bar")
    assert (low.alt, high.alt) == ("A bar of 3", "A bar of 4.25")
    assert low.svg["light"] != high.svg["light"] != high.svg["dark"]
    assert "toy" not in sys.modules
    edit("toy.py", "HEIGHT = 3\n")
    assert figures.figure("fig_bar") == low


def test_a_figure_is_drawn_once(edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = figures.figure("fig_bar")
    figures._drawn.cache_clear()
    monkeypatch.setattr(figures, "_draw", None)
    edit("toy.py", "HEIGHT = 3  # as before\n")
    assert figures.figure("fig_bar") == drawn


def test_what_a_figure_raises_is_said_with_its_line(edit: Edit) -> None:
    edit("snippets/page/fig_bar.py", FIGURE.replace("    fig, ax", "    1 / 0\n    fig, ax"))
    with pytest.raises(BuildError, match=r"fig_bar\.py:16: ZeroDivisionError: division by zero"):
        figures.figure("fig_bar")


def test_a_figure_says_what_it_is(edit: Edit) -> None:
    edit("snippets/page/fig_bar.py", FIGURE.replace('"computed"', '"true"'))
    with pytest.raises(BuildError, match='says KIND = "illustrative" or "computed"'):
        figures.figure("fig_bar")


def test_a_layout_that_was_rounded_otherwise_changes_nothing(edit: Edit) -> None:
    """As in another run, where the layout adds up in another order."""
    svg = []
    for width in ("0.8", "0.8 + 1e-12"):
        placed = f'ax.set(position=(0.1, 0.1, {width}, 0.8))\n    fig.set_layout_engine("none")\n'
        edit("snippets/page/fig_bar.py", FIGURE.replace("    ax.bar", f"    {placed}    ax.bar"))
        svg.append(figures.figure("fig_bar").svg)
    assert svg[0] == svg[1]
    assert 'clip-path="url(#clip0)"' in svg[0]["light"]
