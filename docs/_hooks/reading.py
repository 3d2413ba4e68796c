"""Reading time, counted from what stands on the page: words, equations, lines of code."""

import re
from html.parser import HTMLParser

# Words a minute: adults read English non-fiction silently at 238 (Brysbaert 2019, J. Mem. Lang. 109).
# A formula and a line of code are weighed as words.
WORDS_A_MINUTE = 238
WORDS_A_FORMULA = {"inline": 2, "block": 12}
WORDS_A_CODE_LINE = 4
ASIDE = {"details", "nav", "script", "style", "button", "svg"}
VOID = {"br", "img", "input", "hr", "meta", "link", "wbr", "source", "col"}


def minutes(content: str) -> float:
    """Minutes to read the main path of a page: no answers to reveal, one of several tabs."""
    counter = _Counter()
    counter.feed(content)
    return counter.words / WORDS_A_MINUTE


class _Counter(HTMLParser):
    """Walks the page and counts what is on the main path."""

    def __init__(self) -> None:
        super().__init__()
        self.words = 0
        self.stack: list[tuple[str, bool]] = []
        self.tabs: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        classes = (dict(attrs).get("class") or "").split()
        if "tabbed-content" in classes:
            self.tabs.append(0)
        aside = tag in ASIDE or "tabbed-labels" in classes or "headerlink" in classes
        if "tabbed-block" in classes:
            self.tabs[-1] += 1
            aside = aside or self.tabs[-1] > 1
        if tag == "math" and not self.aside:
            self.words += WORDS_A_FORMULA["block" if ("display", "block") in attrs else "inline"]
        self.stack.append((tag, aside or tag == "math"))

    def handle_endtag(self, tag: str) -> None:
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
            self.words += WORDS_A_CODE_LINE * data.count("\n")
        else:
            self.words += len(re.findall(r"\w[\w’'.-]*", data))
