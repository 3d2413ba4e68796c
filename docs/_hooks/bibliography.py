"""The works that the book cites (docs/bibliography.yml): links in the text, and lists of them."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from _hooks import yaml_lines
from _hooks.errors import ROOT, BuildError

FILE = ROOT / "docs" / "bibliography.yml"
PAGE = "reference/bibliography.md"
REQUIRED = {"authors", "title", "year"}
FIELDS = REQUIRED | {"venue", "arxiv", "day", "url", "note"}


@dataclass(frozen=True)
class Work:
    """A paper, a post or a book: who, what, when, where."""

    key: str
    authors: tuple[str, ...]
    title: str
    year: int
    venue: str = ""
    arxiv: str = ""
    day: str = ""
    url: str = ""
    note: str = ""
    letter: str = ""

    @property
    def short(self) -> str:
        """Bahdanau et al. (2014), as in running text."""
        return f"{self.who} ({self.year}{self.letter})"

    @property
    def who(self) -> str:
        """The authors as running text names them."""
        families = [author.split(",")[0] for author in self.authors]
        return " & ".join(families) if len(families) < 3 else f"{families[0]} et al."


@yaml_lines.kept
def load(path: Path = FILE) -> dict[str, Work]:
    """All works by key; an unknown or missing field is a BuildError with its line."""
    data = yaml_lines.load(path)
    works = [_work(key, entry, path, yaml_lines.line_of(data, key)) for key, entry in data.items()]
    return {work.key: _lettered(work, works) for work in works}


def _lettered(work: Work, works: list[Work]) -> Work:
    """Works of the same authors and year are told apart: Cho et al. (2014a), (2014b)."""
    same = sorted((w for w in works if w.short == work.short), key=lambda w: (w.day, w.key))
    return work if len(same) == 1 else replace(work, letter="abcdefgh"[same.index(work)])


def _work(key: str, entry: Any, path: Path, line: int | None) -> Work:
    found = set(entry) if isinstance(entry, dict) else set()
    if not REQUIRED <= found <= FIELDS:
        wrong = sorted(found - FIELDS) or sorted(REQUIRED - found)
        raise BuildError(f"'{key}': unknown or missing fields: {', '.join(wrong)}", path, line)
    rest = {k: str(v) for k, v in entry.items() if k not in REQUIRED}
    return Work(key, tuple(entry["authors"]), entry["title"], entry["year"], **rest)


def work(key: str) -> Work:
    """The work of that key, or a BuildError that names it."""
    if key not in load():
        raise BuildError(f"unknown work '{key}' (docs/bibliography.yml)")
    return load()[key]


def cite(key: str, up: str, where: str = "") -> str:
    """A link to the entry of the bibliography; `up` leads to docs/, `where` is a place in it."""
    found = work(key)
    text = found.short if not where else f"{found.short[:-1]}, {where})"
    return f"[{text}]({up}{PAGE}#{key}){{ .cite }}"


def sources(keys: Iterable[str]) -> str:
    """The list of the works that a page cites, in order of year."""
    works = sorted((work(key) for key in set(keys)), key=lambda w: (w.year, w.day, w.key))
    entries = "\n".join(f"- {entry(w)}" for w in works)
    return f'<div class="sources" markdown="1">\n\n{entries}\n\n</div>'


def bibliography() -> str:
    """The whole list, each entry with an anchor."""
    works = sorted(load().values(), key=lambda w: (w.year, w.day, w.key))
    return "\n".join(f'- <span id="{w.key}"></span>{entry(w)}' for w in works)


def entry(w: Work) -> str:
    """One entry: authors (year). *Title*. Venue, link."""
    who = ", ".join(w.authors) if len(w.authors) < 7 else f"{', '.join(w.authors[:5])} and others"
    url = w.url or (f"https://arxiv.org/abs/{w.arxiv}" if w.arxiv else "")
    title = f"[*{w.title}*]({url})" if url else f"*{w.title}*"
    parts = [w.venue, f"arXiv {w.arxiv}" if w.arxiv else "", _day(w.day), w.note]
    tail = ", ".join(part for part in parts if part)
    return f"{who} ({w.year}{w.letter}). {title}." + (f" {tail}." if tail else "")


def _day(day: str) -> str:
    """`2014-09-01` → 1 September 2014; a month or a year alone stays one."""
    parts = [int(part) for part in day.split("-")] if day else []
    names = [str(parts[2])] if len(parts) == 3 else []
    names += [calendar.month_name[parts[1]]] if len(parts) > 1 else []
    return " ".join([*names, str(parts[0])]) if parts else ""
