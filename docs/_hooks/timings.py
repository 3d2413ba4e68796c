"""What `make bench` recorded, on the pages: single numbers, and tables with ratios.

Each kind of processor has a record of its own, snippets/<page>/bench_x.<vectors>.json.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from _hooks.errors import ROOT, BuildError
from _hooks.experiments import near
from _hooks.numbers import number

HERE = "AVX512_SPR"  # the kind whose numbers the pages quote; the others stand beside it
OURS = "attn"
ORDER = (
    *("PyTorch", "JAX", "HIPS autograd"),
    *("attn, plain form", "the bound", "the bound, products alone"),
)
SIZE = re.compile(r"(\d+)x(\d+)")


def records(script: str) -> Mapping[str, Mapping[str, Any]]:
    """What the script measured, by kind of processor, ours first."""
    found = sorted((ROOT / "snippets").glob(f"*/{script}.*.json"))
    kinds = {path.name.split(".")[1]: _load(path, path.stat().st_mtime_ns) for path in found}
    if HERE not in kinds:
        raise BuildError(f"there is no record of '{script}' on {HERE}; make bench writes it")
    return {HERE: kinds.pop(HERE), **kinds}


def load(script: str) -> Mapping[str, Any]:
    """What it measured on our kind."""
    return records(script)[HERE]


@lru_cache(maxsize=16)
def _load(path: Path, _changed: int) -> Mapping[str, Any]:
    return json.loads(path.read_text("utf-8"))


def timing(script: str, case: str, label: str, what: str = "ratio", *, up: str = "") -> str:
    """One number: the ratio of our time to that of `label`, or its "ms" or "mb"."""
    row = _row(script, case, label)
    value = row["ratio"][0] if what == "ratio" else row.get(what)
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
    return cases[case][label]


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
    cases = _rows(load(script)["cases"], beginning)
    if not cases:
        raise BuildError(f"no case of {script} begins with '{beginning}'")
    found = {label for case in cases.values() for label in case} - {OURS}
    labels = [x for x in ORDER if x in found] + sorted(found.difference(ORDER))
    body = [[name, _short(c[OURS]["ms"]), *_ratios(c, labels)] for name, c in cases.items()]
    return _table(["`attn`, ms", *(f"to {x}" for x in labels)], body, beginning)


def on_all_machines(script: str, label: str, *beginnings: str) -> str:
    """A table of the ratio of our time to that of `label`, a number for each kind of processor.

    With beginnings, a row for each size and a column for each of them.
    """
    kinds = [record["cases"] for record in records(script).values()]
    known = {other for cases in kinds for case in cases.values() for other in case}
    if label not in known:
        raise BuildError(f"{script} has no '{label}'{near(label, known)}")
    columns = [[_rows(cases, b) for cases in kinds] for b in beginnings or ("",)]
    for column, beginning in zip(columns, beginnings, strict=False):
        if not any(column):
            raise BuildError(f"no case of {script} begins with '{beginning}'")
    names = dict.fromkeys(name for column in columns for rows in column for name in rows)
    body = [[name, *(_beside(column, name, label) for column in columns)] for name in names]
    return _table([b.strip() for b in beginnings] or [f"to {label}"], body, *beginnings)


def _rows(cases: Mapping[str, Any], beginning: str) -> Mapping[str, Any]:
    """The cases that go on with a size, by size; without a beginning all of them."""
    if not beginning:
        return cases
    ours = [name for name in cases if name.startswith(beginning)]
    sizes = [(name, size) for name in ours if (size := SIZE.fullmatch(name, len(beginning)))]
    found = sorted((int(size[1]), int(size[2]), name) for name, size in sizes)
    return {f"{heads} × {length:,}": cases[name] for heads, length, name in found}


def _table(head: list[str], body: list[list[str]], *beginnings: str) -> str:
    head = ["heads × length" if any(beginnings) else "", *head]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body))


def _ratios(case: Mapping[str, Any], labels: list[str]) -> list[str]:
    return [_ratio(case[label]["ratio"]) if label in case else "—" for label in labels]


def _beside(kinds: list[Mapping[str, Any]], name: str, label: str) -> str:
    found = [rows.get(name, {}).get(label) for rows in kinds]
    return " · ".join(_short(row["ratio"][0]) if row else "—" for row in found)


def _ratio(ratio: list[float]) -> str:
    middle, low, high = map(_short, ratio)
    return f"**{middle}** <small>{low}–{high}</small>"


def machine(script: str, kind: str = HERE) -> str:
    """What it was measured on, and with what."""
    found = records(script)
    if kind not in found:
        raise BuildError(f"{script} has no record of '{kind}'{near(kind, found)}")
    about = found[kind]["about"]
    versions = ", ".join(f"{k} {v}" for k, v in about["versions"].items())
    return f"{about['machine']}, load average {about['load']}; {versions}"
