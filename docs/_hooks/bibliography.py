"""The works that the book cites (docs/bibliography.yml): links in the text, the list of a page, the whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
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

    @property
    def short(self) -> str:
        """Bahdanau et al. (2014), as in running text."""
        families = [author.split(",")[0] for author in self.authors]
        who = families[0] if len(families) == 1 else " & ".join(families)
        return f"{who if len(families) < 3 else families[0] + ' et al.'} ({self.year})"


@lru_cache(maxsize=4)
def load(path: Path = FILE) -> dict[str, Work]:
    """All works by key; an unknown or missing field is a BuildError with its line."""
    data = yaml_lines.load(path)
    return {key: _work(key, entry, path, yaml_lines.line_of(data, key)) for key, entry in data.items()}


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
    """A link to the entry of the bibliography; `up` leads from the page to docs/, `where` to the place."""
    found = work(key)
    text = found.short if not where else f"{found.short[:-1]}, {where})"
    return f'[{text}]({up}{PAGE}#{key}){{ .cite }}'


def sources(keys: Iterable[str]) -> str:
    """The list of the works that a page cites, in order of year."""
    works = sorted((work(key) for key in set(keys)), key=lambda w: (w.year, w.day, w.key))
    return "\n".join(f"- {entry(w)}" for w in works)


def bibliography() -> str:
    """The whole list, each entry with an anchor."""
    works = sorted(load().values(), key=lambda w: (w.year, w.day, w.key))
    return "\n".join(f'- <span id="{w.key}"></span>{entry(w)}' for w in works)


def entry(w: Work) -> str:
    """One entry: authors (year). *Title*. Venue, link."""
    who = ", ".join(w.authors) if len(w.authors) < 7 else f"{', '.join(w.authors[:5])} and others"
    url = w.url or (f"https://arxiv.org/abs/{w.arxiv}" if w.arxiv else "")
    title = f"[*{w.title}*]({url})" if url else f"*{w.title}*"
    parts = [w.venue, f"arXiv {w.arxiv}" if w.arxiv else "", f"first version {w.day}" if w.day else "", w.note]
    tail = ", ".join(part for part in parts if part)
    return f"{who} ({w.year}). {title}." + (f" {tail}." if tail else "")
