"""Reading time, counted from what stands on the page: words, equations, lines of code."""

import re
from collections.abc import Mapping

import lxml.html

# Adults read English non-fiction silently at 238 words a minute (Brysbaert, J. Mem. Lang. 2019).
# A formula and a line of code are weighed as words.
WORDS_A_MINUTE = 238
WORDS_A_FORMULA = {"inline": 2, "block": 12}
WORDS_A_CODE_LINE = 4
NOTED = re.compile(r"\s*(?!import |from |\"\"\"$|\))\S")  # nobody reads imports and lone brackets
ASIDE = ("details", "nav", "script", "style", "button", "svg")
HIDDEN = ("tabbed-labels", "headerlink", "hidden", "legend", "sources")
WORD = re.compile(r"\w[\w’'.-]*")

TOKEN = re.compile(r'(<span class="minutes" data-page="([^"]+)">)…(</span>)')


def _of_class(name: str) -> str:
    return f"contains(concat(' ', @class, ' '), ' {name} ')"


TAB = f"*[{_of_class('tabbed-block')}]"
OFF_THE_PATH = " | ".join(
    [
        *(f".//{name}" for name in ASIDE),
        *(f".//*[{_of_class(name)}]" for name in HIDDEN),
        f".//{TAB}/following-sibling::{TAB}",
    ]
)
PROSE = ".//text()[not(ancestor::pre or ancestor::math)]"


def token(page: str) -> str:
    """Stands for the minutes of a page, or of "all", until every page is rendered and counted."""
    return f'<span class="minutes" data-page="{page}">…</span>'


def fill(content: str, minutes_of: Mapping[str, int]) -> str:
    """The page with the minutes written where tokens stood."""
    return TOKEN.sub(lambda m: f"{m[1]}{minutes_of[m[2]]}{m[3]}", content)


def minutes(content: str) -> float:
    """Minutes to read the main path of a page.

    Off it: answers to reveal, all tabs but the first, tables of symbols and lists of sources.
    """
    page = lxml.html.fragment_fromstring(content, create_parent=True)
    for aside in page.xpath(OFF_THE_PATH):
        aside.clear(keep_tail=True)
    formulas = [formula.get("display") == "block" for formula in page.iter("math")]
    words = sum(WORDS_A_FORMULA["block" if block else "inline"] for block in formulas)
    words += sum(len(WORD.findall(text)) for text in page.xpath(PROSE))
    code = "".join(page.xpath(".//pre//text()"))
    lines = sum(bool(NOTED.match(line)) for line in code.split("\n"))
    return (words + WORDS_A_CODE_LINE * lines) / WORDS_A_MINUTE
