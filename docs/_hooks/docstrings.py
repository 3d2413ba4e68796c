"""Docstrings as Markdown: a sentence, an equation as it stands, shapes, errors, a linked source."""

import re
from typing import Any

import griffe

from _hooks import bibliography

ENTRY = re.compile(r"^(Shapes|Raises|Source): ?", re.MULTILINE)
CITED = re.compile(r"([A-Z][\w’-]+)((?: et al\.|(?:,| and| &) [A-Z][\w’-]+)* (\d{4}))")
ERROR = re.compile(r"\b(ValueError|IndexError|TypeError|KeyError)\b")


class Docstrings(griffe.Extension):
    """Rewrites the docstrings that mkdocstrings reads from `attn`."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Before it is rendered."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(docstring: str) -> str:
    """The docstring, part by part, as Markdown."""
    text, *entries = ENTRY.split(docstring)
    first, *rest = text.strip().split("\n\n")
    names, values = entries[::2], entries[1::2]
    parts = [_prose(first), *map(_paragraph, rest), *map(_entry, names, values)]
    return "\n\n".join(parts)


def _paragraph(text: str) -> str:
    """Prose ends with a full stop; all else is an equation and stays as it is."""
    return _prose(text) if text.rstrip().endswith(".") else _verbatim(text)


def _prose(text: str) -> str:
    return _line(text).replace("<", "&lt;")


def _verbatim(text: str) -> str:
    return f"```{{ .text .no-copy .formula }}\n{text}\n```"


def _line(text: str) -> str:
    return " ".join(text.split())


def _entry(name: str, text: str) -> str:
    """An entry under its name; of the shapes, what comes out stands on a line of its own."""
    if name == "Shapes":
        return "**Shapes**\n\n" + _verbatim(_line(text).replace(" -> ", "\n→ "))
    if name == "Source":
        return f"**{name}** {sourced(_prose(text))}"
    return f"**{name}** {ERROR.sub(lambda error: f'`{error[0]}`', _prose(text))}"


def sourced(text: str) -> str:
    """The text, each work that it names linked to the bibliography."""
    return CITED.sub(_link, text)


def _link(match: re.Match[str]) -> str:
    found = works(match[1], match[3])
    return f"[{match[0]}](bibliography.md#{found[0]})" if found else match[0]


def works(family: str, year: str) -> list[str]:
    """The keys of the works by this first author, of this year or of a venue of this year."""
    return [
        work.key
        for work in sorted(bibliography.load().values(), key=lambda w: (w.day, w.key))
        if work.authors[0].split(",")[0] == family and year in (str(work.year), work.venue[-4:])
    ]
