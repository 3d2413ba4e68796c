"""Every block of the book runs as it is shown, no fence escapes, and the pages hold together."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from _hooks import book, numbers, page, reading
from _hooks.errors import ROOT
from bs4 import BeautifulSoup
from mkdocs.utils.yaml import yaml_load

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_hooks" not in path.parts)
CHAPTERS = [f"{page}.md" for page, *_ in book.COURSE]
FENCE = re.compile(r"^\s*(```+|~~~+)(.*)$", re.MULTILINE)


def uri(page: Path) -> str:
    return str(page.relative_to(DOCS))


@pytest.fixture(scope="module")
def blocks() -> Counter[str]:
    """How many blocks of each page are run by pytest as `make test` calls it."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:xdist"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = re.findall(r"^(docs/.*\.md): (\d+)$", done.stdout, re.MULTILINE)
    return Counter({page: int(count) for page, count in found})


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=str)
def test_a_fence_is_python_or_it_is_no_code(page: Path) -> None:
    opened = False
    for ticks, info in FENCE.findall(page.read_text("utf-8")):
        assert ticks.startswith("`"), "tildes open a fence that the tests would not see"
        if not opened:
            form = r'python( title="[^"]*")?|text( title="[^"]*")?|console|bibtex|yaml'
            assert re.fullmatch(form, info.strip()), f"```{info}"
        opened = not opened


@pytest.mark.parametrize("page", PAGES, ids=uri)
def test_a_page_holds_no_code_of_its_own_beyond_five_lines(page: Path) -> None:
    text = page.read_text("utf-8")
    for body in re.findall(r"^```python[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        own = [line for line in body.splitlines() if line.strip() and "--8<--" not in line]
        assert len(own) <= 5, body


@pytest.mark.parametrize("page", PAGES, ids=uri)
def test_every_block_of_the_built_page_is_run(page: Path, site: Path, blocks: Counter[str]) -> None:
    built = (site / uri(page)).with_suffix(".html").read_text("utf-8")
    article = BeautifulSoup(built, "lxml").select_one("article")
    assert article
    for part in article.select(".doc, details.mkdocstrings-source"):
        part.decompose()  # source shown by the reference is not a block of the page
    assert len(article.select("div.language-python")) == blocks[f"docs/{uri(page)}"]
    for pre in article.select("pre"):
        classes = " ".join(" ".join(parent.get("class") or []) for parent in pre.parents)
        assert re.search(r"language-(python|text|console|bibtex|yaml)", classes), pre.get_text()[
            :80
        ]


@pytest.mark.parametrize("page", PAGES, ids=uri)
def test_no_macro_and_no_raw_formula_is_left_on_the_built_page(page: Path, site: Path) -> None:
    soup = BeautifulSoup((site / uri(page)).with_suffix(".html").read_text("utf-8"), "lxml")
    for code in soup.select("pre"):
        code.decompose()  # braces are Python's there
    text = soup.select_one("article").get_text()  # type: ignore[union-attr]
    for left in ("{{", "}}", "--8<--", "\\(", "\\[", "\\s{", "[TODO", "arithmatex"):
        assert left not in text, left


def test_no_line_ends_between_a_formula_and_the_stop_behind_it() -> None:
    p, q = (rf'<span class="arithmatex">\({letter}\)</span>' for letter in "pq")
    soup = BeautifulSoup(page.finish(f"at {p}. Then {q} too", "x.md"), "lxml")
    assert [kept.get_text() for kept in soup.select(".kept")] == ["p."]


def test_what_begins_a_row_is_its_header_unless_it_has_no_text() -> None:
    firsts = ["a", "", "<math><mi>x</mi></math>", "<em>b</em> <math><mi>x</mi></math>"]
    rows = "".join(f"<tr>\n<td>{first}</td>\n<td>c</td>\n</tr>" for first in firsts)
    table = f"<table><thead><tr><th></th><th>d</th></tr></thead><tbody>{rows}</tbody></table>"
    soup = BeautifulSoup(page.finish(table, "x.md"), "lxml")
    assert [th.get_text() for th in soup.select("tbody th[scope=row]")] == ["a", "b x"]
    assert [td.get_text() for td in soup.select("tbody td")] == ["c", "", "c", "x", "c", "c"]
    assert [th.get_text() for th in soup.select("thead th")] == ["d"]


def test_boxes_that_scroll_are_named_after_the_heading_above() -> None:
    formula = r'<div class="arithmatex">\[p\]</div>'
    parts = [
        formula,
        '<h2 id="a">To <em>"A"</em> &amp;\nB<a class="headerlink" href="#a">¶</a></h2>',
        "<table><tr><td>1</td></tr></table>",
        "<h3>C</h3>",
        formula,
    ]
    soup = BeautifulSoup(page.finish("".join(parts), "x.md"), "lxml")
    names = [box["aria-label"] for box in soup.select("[role=group]")]
    assert names == ["Equation", 'Table: To "A" & B', "Equation: C"]


def test_every_chapter_is_in_the_navigation_in_the_order_of_the_course() -> None:
    with (ROOT / "mkdocs.yml").open("rb") as settings:
        shown = re.findall(r"[\w/-]+\.md", str(yaml_load(settings)["nav"]))
    assert [page for page in shown if page in CHAPTERS] == CHAPTERS


@pytest.mark.parametrize("name", CHAPTERS[:6])
def test_a_chapter_has_every_part_that_the_module_asks_for(name: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    for part in ("{: .lead }", '!!! stakeholders "Explain to your stakeholders"', "{{ symbols("):
        assert text.count(part) >= 1, part
    assert re.findall(r'=== "(.*)"', text)[:3] == ["Dinner party", "Executive", "Engineer"]
    assert "breaks down when" in text
    assert "honest limit" in text.lower()
    assert 2 <= text.count("??? predict") <= 5
    assert text.count('!!! said "Often said') >= 1
    for last in ("## What to copy", "## Sources", "{{ sources() }}", "{{ figure("):
        assert last in text, last


def test_every_number_from_a_paper_is_quoted() -> None:
    quoting = [*PAGES, *DOCS.glob("labs/*.py"), *(ROOT / "snippets").glob("*/*.py")]
    text = "\n".join(path.read_text("utf-8") for path in [*quoting, DOCS / "claims.yml"])
    assert [key for key in numbers.load_facts() if not re.search(rf"\b{key}\b", text)] == []


def minutes(site: Path) -> dict[str, float]:
    found = {}
    for name in CHAPTERS:
        soup = BeautifulSoup((site / name).with_suffix(".html").read_text("utf-8"), "lxml")
        article = soup.select_one("article")
        found[name] = reading.minutes(str(article))
    return found


def test_the_main_path_takes_35_minutes_give_or_take_3(site: Path) -> None:
    taken = minutes(site)
    del taken["quiz.md"]  # answered, not read
    assert 32 <= sum(taken.values()) <= 38, taken


def test_reading_time_leaves_answers_and_further_tabs_aside() -> None:
    words = "<p>one two three four</p>"
    tabs = f'<div class="tabbed-set"><div class="tabbed-content"><div class="tabbed-block">{words}'
    tabs += f'</div><div class="tabbed-block">{words}</div></div></div>'
    assert reading.minutes(words + tabs + f"<details>{words}</details>") == pytest.approx(
        8 / reading.WORDS_A_MINUTE
    )


def test_reading_time_counts_formulas_and_lines_of_code() -> None:
    page = '<math display="block"><mi>x</mi></math><math><mi>x</mi></math><pre>a\nb\n</pre>'
    weights = reading.WORDS_A_FORMULA
    expected = weights["block"] + weights["inline"] + 2 * reading.WORDS_A_CODE_LINE
    assert reading.minutes(page) == pytest.approx(expected / reading.WORDS_A_MINUTE)
