"""Numbers of the prose by key: quoted from papers, measured here, computed by programs."""

import contextlib
import html
import io
import runpy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from _hooks import bibliography, code_key, experiments, yaml_lines
from _hooks.errors import ROOT, BuildError

FACTS = ROOT / "docs" / "facts.yml"
FIELDS = {"value", "where", "unit", "about", "note"}


@dataclass(frozen=True)
class Fact:
    """A number of a paper and the table, figure or section it stands in."""

    key: str
    work: str
    value: str
    where: str
    unit: str = ""
    about: bool = False
    note: str = ""

    @property
    def source(self) -> str:
        """Bahdanau et al. (2014), Table 1: what a reader needs to look it up."""
        return f"{bibliography.work(self.work).short}, {self.where}"


@yaml_lines.kept
def load_facts(path: Path = FACTS) -> dict[str, Fact]:
    """All facts as `work.name`; a wrong field or an unknown work is a BuildError with its line."""
    data = yaml_lines.load(path)
    return {
        f"{work}.{name}": _fact(work, name, entry, path, yaml_lines.line_of(data[work], name))
        for work in data
        for name, entry in data[work].items()
    }


def _fact(work: str, name: str, entry: Any, path: Path, line: int | None) -> Fact:
    if work not in bibliography.load():
        raise BuildError(f"'{work}' is not in docs/bibliography.yml", path, line)
    found = set(entry) if isinstance(entry, dict) else set()
    if not {"value", "where"} <= found <= FIELDS:
        raise BuildError(
            f"'{work}.{name}' needs value and where, of {sorted(FIELDS)}; it has {sorted(found)}",
            path,
            line,
        )
    if not isinstance(entry["value"], str):
        raise BuildError(
            f"'{work}.{name}': write the value in quotes, as it is printed", path, line
        )
    return Fact(f"{work}.{name}", work, **entry)


def fact(key: str, up: str) -> str:
    """The number as a link to its paper, with the place it stands in on hover and in print."""
    facts = load_facts()
    if key not in facts:
        raise BuildError(f"unknown fact '{key}' (docs/facts.yml)")
    found = facts[key]
    value = f"about {found.value}" if found.about else found.value
    return number(value, f"{up}{bibliography.PAGE}#{found.work}", found.source, "fact")


def number(value: str, target: str, source: str, kind: str) -> str:
    """A number in the prose: a link to where it comes from; print shows the source behind it."""
    escaped = html.escape(source, quote=True)
    return f'[{value}]({target} "{escaped}"){{ .num .num-{kind} data-source="{escaped}" }}'


def measured(key: str, form: str = ".2f", over: str = "median", *, up: str = "") -> str:
    """A number measured over seeds, with its spread on hover, linked to the Evidence page."""
    found = experiments.measured(key)
    if over == "range":
        shown = f"{format(found.min, form)} to {format(found.max, form)}"
    else:
        shown = format(getattr(found, over), form)
    seeds = ", ".join(format(v, form) for v in found.values)
    source = f"measured here, {over} of {len(found.values)} seeds: {seeds}"
    return number(
        shown.replace("-", "−"), f"{up}evidence.md#{key.replace('.', '-')}", source, "measured"
    )


def value(program: str, expression: str, form: str = "") -> str:
    """What `expression` is after the program `snippets/…` has run, formatted; an experiment is
    loaded, not trained."""
    path = ROOT / "snippets" / program
    if not path.exists():
        raise BuildError(f"there is no program snippets/{program}")
    try:
        found = eval(expression, _run(path, code_key.key(path)))
    except Exception as error:
        raise BuildError(f"'{expression}' after snippets/{program}: {error!r}") from error
    return format(found, form).replace("-", "−")


@lru_cache(maxsize=64)
def _run(path: Path, _key: str) -> dict[str, Any]:
    if path.stem.startswith("train_"):
        with experiments.loaded(path) as module:
            return vars(module)
    with experiments.imported_anew(path), contextlib.redirect_stdout(io.StringIO()):
        return runpy.run_path(str(path), run_name="__main__")
