"""Every public name of `attn` stands on a reference page, and its docstring comes through whole."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from _hooks import docstrings, reference

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference"
GROUPS = ("types", "ops", "mechanisms", "models", "memories", "tools")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "attn").rglob("*.py")
    if path.name != "__init__.py"
)


def shown(group):
    return re.findall(r"^::: (\S+)$", (PAGES / f"{group}.md").read_text("utf-8"), re.MULTILINE)


ALL = [module for group in GROUPS for module in shown(group)]


def documented(module):
    loaded = importlib.import_module(module)
    return {
        f"{module}.{name}": inspect.getdoc(found)
        for name, found in vars(loaded).items()
        if not name.startswith("_")
        and (inspect.isfunction(found) or inspect.isclass(found))
        and found.__module__ == module
    }


def test_every_module_stands_on_one_page_that_of_its_group():
    assert sorted(ALL) == MODULES
    for group in GROUPS:
        package = {"memories": "models"}.get(group, group)  # one page would be too heavy
        assert {module.split(".")[1] for module in shown(group)} == {package}


def test_the_first_page_lists_the_modules_in_the_same_order():
    index = (PAGES / "index.md").read_text("utf-8")
    assert re.findall(r"^\| \[`(\S+)`\]\[\1\] \|", index, re.MULTILINE) == ALL


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_a_docstring_or_it_would_not_be_shown(module):
    assert [name for name, text in documented(module).items() if not text] == []


@pytest.mark.parametrize("module", MODULES)
def test_every_work_that_a_docstring_follows_is_in_the_bibliography(module):
    texts = documented(module).values()
    named = {found for text in texts for found in docstrings.CITED.findall(text or "")}
    missing = [(who, year) for who, _, year in named if not docstrings.works(who, year)]
    assert missing == []


def test_a_docstring_becomes_sentence_equation_shapes_errors_and_source():
    text = """Score by a small network.

    e_ij = v_aᵀ tanh(W_a q_i + U_a k_j),  a < b * c

    Their s_{i−1} is our q_i; it is < 1.

    Shapes: q (..., n, d), k (..., m, b)
        -> e (..., n, m)
    Raises: ValueError if shapes do not fit.
    Source: Bahdanau et al. 2015, app. A.1.2.
    """
    assert docstrings.markdown(inspect.cleandoc(text)).split("\n") == [
        "Score by a small network.",
        "",
        "```{ .text .no-copy .formula }",
        "e_ij = v_aᵀ tanh(W_a q_i + U_a k_j),  a < b * c",
        "```",
        "",
        "Their s_{i−1} is our q_i; it is &lt; 1.",
        "",
        "**Shapes**",
        "",
        "```{ .text .no-copy .formula }",
        "q (..., n, d), k (..., m, b)",
        "→ e (..., n, m)",
        "```",
        "",
        "**Raises** `ValueError` if shapes do not fit.",
        "",
        "**Source** [Bahdanau et al. 2015](bibliography.md#bahdanau2014), app. A.1.2.",
    ]


class Page:
    """Enough of a page to be rendered."""

    def __init__(self, markdown, rendered):
        self.markdown, self.rendered = markdown, rendered
        self.file = type("File", (), {"src_uri": "reference/trial.md"})
        self.toc, self.present_anchor_ids, self._title_from_render = [], set(), "Trial"

    def render(self, config, files):
        self.rendered.append(self.markdown)
        self.content = self.markdown.upper()


def test_a_page_is_rendered_again_only_when_it_or_attn_has_changed(tmp_path, monkeypatch):
    module = tmp_path / "softmax.py"
    module.write_text("1")
    monkeypatch.setattr(reference, "sources", lambda: [module])
    monkeypatch.setattr(reference, "_kept", {})
    config = type("Config", (), {"use_directory_urls": False, "plugins": {"autorefs": None}})
    rendered = []

    def build(markdown):
        page = Page(markdown, rendered)
        reference.remember(page)
        page.render(config, [])
        return page.content

    assert [build("a"), build("a"), build("b")] == ["A", "A", "B"]
    assert rendered == ["a", "b"]
    module.write_text("2")
    assert build("b") == "B"
    assert rendered == ["a", "b", "b"]
