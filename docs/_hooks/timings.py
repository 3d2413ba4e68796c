"""What `make bench` recorded, on the pages: single numbers, and tables with ratios."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from _hooks.errors import ROOT, BuildError
from _hooks.experiments import near
from _hooks.numbers import number

OURS = "attn"
ORDER = (
    *("PyTorch", "JAX", "HIPS autograd"),
    *("attn, plain form", "the bound", "the bound, products alone"),
)
SIZE = re.compile(r"(\d+)x(\d+)")


def load(script: str) -> Mapping[str, Any]:
    """The record snippets/<page>/bench_x.json of the script."""
    found = sorted((ROOT / "snippets").glob(f"*/{script}.json"))
    if not found:
        raise BuildError(f"there is no record of '{script}'; make bench writes it")
    return _load(found[0], found[0].stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _load(path: Path, _changed: int) -> Mapping[str, Any]:
    return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]


def timing(script: str, case: str, label: str, what: str = "ratio", *, up: str = "") -> str:
    """One number: the ratio of our time to that of `label`, or its "ms" or "mb"."""
    row = _row(script, case, label)
    value = row["ratio"][0] if what == "ratio" else row[what]
    if value is None:
        raise BuildError(f"'{case}' of {script} has no {what} for '{label}'")
    source = f"measured by {script}.py, case “{case}”, {label}: {_said(row)}"
    return number(_short(value), f"{up}how-fast.md#machine", source, "measured")


def _row(script: str, case: str, label: str) -> Mapping[str, Any]:
    cases = load(script)["cases"]
    if case not in cases:
        raise BuildError(f"{script} has no case '{case}'{near(case, cases)}")
    if label not in cases[case]:
        raise BuildError(f"'{case}' of {script} has no '{label}'{near(label, cases[case])}")
    return cases[case][label]  # type: ignore[no-any-return]


def _said(row: Mapping[str, Any]) -> str:
    middle, low, high = map(_short, row["ratio"])
    return f"{_short(row['ms'])} ms; attn takes {middle} of it, quartiles {low} and {high}"


def _short(x: float) -> str:
    """Three digits, and no exponent."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}" if x >= 10 else f"{x:.2f}"


def timings(script: str, beginning: str = "") -> str:
    """A table: what we take, and the ratio of that to what each of the others takes.

    With a beginning, of the cases that go on with a size, as "forward 8x512".
    """
    cases = load(script)["cases"]
    names = [name for name in cases if not beginning or SIZE.fullmatch(name, len(beginning))]
    names = sorted((n for n in names if n.startswith(beginning)), key=lambda n: _size(n, beginning))
    found = {label for n in names for label in cases[n]} - {OURS}
    labels = [x for x in ORDER if x in found] + sorted(found.difference(ORDER))
    head = ["heads × length" if beginning else "", "`attn`, ms", *(f"to {x}" for x in labels)]
    body = [_cells(name.removeprefix(beginning), cases[name], labels) for name in names]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body))


def _size(name: str, beginning: str) -> tuple[int, ...]:
    return tuple(map(int, SIZE.fullmatch(name, len(beginning)).groups())) if beginning else ()  # type: ignore[union-attr]


def _cells(name: str, case: Mapping[str, Any], labels: list[str]) -> list[str]:
    size = SIZE.fullmatch(name)
    shown = f"{size[1]} × {int(size[2]):,}" if size else name
    ratios = [_ratio(case[label]["ratio"]) if label in case else "—" for label in labels]
    return [shown, _short(case[OURS]["ms"]), *ratios]


def _ratio(ratio: list[float]) -> str:
    middle, low, high = map(_short, ratio)
    return f"**{middle}** <small>{low}–{high}</small>"


def machine(script: str) -> str:
    """What it was measured on, and with what."""
    about = load(script)["about"]
    versions = ", ".join(f"{k} {v}" for k, v in about["versions"].items())
    return f"{about['machine']}, load average {about['load']}; {versions}"
