"""Reading time, counted from what stands on the page: words, equations, lines of code."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

# Adults read English non-fiction silently at 238 words a minute (Brysbaert, J. Mem. Lang. 2019).
# A formula and a line of code are weighed as words.
WORDS_A_MINUTE = 238
WORDS_A_FORMULA = {"inline": 2, "block": 12}
WORDS_A_CODE_LINE = 4
NOTED = re.compile(r"\s*(?!import |from |\"\"\"$|\))\S")  # nobody reads imports and lone brackets
ASIDE = {"details", "nav", "script", "style", "button", "svg"}
HIDDEN = {"tabbed-labels", "headerlink", "hidden", "legend", "sources"}
VOID = {"br", "img", "input", "hr", "meta", "link", "wbr", "source", "col"}


TOKEN = re.compile(r'(<span class="minutes" data-page="([^"]+)">)…(</span>)')


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
    counter = _Counter()
    counter.feed(content)
    lines = sum(bool(NOTED.match(line)) for line in counter.code.split("\n"))
    return (counter.words + WORDS_A_CODE_LINE * lines) / WORDS_A_MINUTE


class _Counter(HTMLParser):
    """Walks the page and counts what is on the main path."""

    def __init__(self) -> None:
        super().__init__()
        self.words = 0
        self.code = ""
        self.stack: list[tuple[str, bool]] = []
        self.tabs: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        classes = (dict(attrs).get("class") or "").split()
        if "tabbed-content" in classes:
            self.tabs.append(0)
        aside = tag in ASIDE or bool(HIDDEN & set(classes))
        if "tabbed-block" in classes:
            self.tabs[-1] += 1
            aside = aside or self.tabs[-1] > 1
        if tag == "math" and not self.aside:
            self.words += WORDS_A_FORMULA["block" if ("display", "block") in attrs else "inline"]
        self.stack.append((tag, aside or tag == "math"))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:  # "<input/>" ends what never began
            return
        while self.stack:
            if self.stack.pop()[0] == tag:
                return

    @property
    def aside(self) -> bool:
        """Whether the place is off the main path."""
        return any(aside for _, aside in self.stack)

    def handle_data(self, data: str) -> None:
        if self.aside:
            return
        if any(tag == "pre" for tag, _ in self.stack):
            self.code += data
        else:
            self.words += len(re.findall(r"\w[\w’'.-]*", data))
