"""What `make bench` recorded, on the pages: single numbers, and tables with ratios.

Each kind of processor has a record of its own, snippets/<page>/bench_x.<vectors>.json. A case that
was timed with other code than the project has now is shown with a mark, and stops nothing: to time
again takes a machine of that kind.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from _hooks import code_key
from _hooks.errors import ROOT, BuildError
from _hooks.experiments import near
from _hooks.numbers import number

HERE = "AVX512_SPR"  # the kind whose numbers the pages quote; the others stand beside it
OURS = "attn"
ORDER = (
    *("PyTorch", "JAX", "HIPS autograd"),
    *("attn, plain form", "the bound", "the bound, products alone"),
)
OLDER = "†"
SPACE, JOINED = "\N{NO-BREAK SPACE}", "\N{WORD JOINER}"  # what belongs together stays on a line
SIZE = re.compile(r"(\d+)x(\d+)")


def records(script: str) -> Mapping[str, Mapping[str, Any]]:
    """What the script measured, by kind of processor, ours first."""
    found = sorted((ROOT / "snippets").glob(f"*/{script}.*.json"))
    kinds = {path.name.split(".")[1]: _load(path, path.stat().st_mtime_ns) for path in found}
    if HERE not in kinds:
        raise BuildError(f"there is no record of '{script}' on {HERE}; make bench writes it")
    key = code_key.key(found[0].with_name(f"{script}.py"))
    kinds = {kind: marked(record, key) for kind, record in kinds.items()}
    return {HERE: kinds.pop(HERE), **kinds}


def marked(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The record with a mark in each row of a case whose code has another key, or none."""
    made = record.get("made", {})
    marks = {
        case: "" if made.get(case, {}).get("key") == key else OLDER for case in record["cases"]
    }
    cases = {
        case: {label: row | {"mark": marks[case]} for label, row in rows.items()}
        for case, rows in record["cases"].items()
    }
    return {**record, "cases": cases}


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
    turns = f" of {row['rounds']} turns" if "rounds" in row else ""
    older = "; with older code" if row["mark"] else ""
    ratio = f"attn takes {middle} of it, quartiles {low} and {high}"
    return f"{_short(row['ms'])} ms; {ratio}{turns}{older}"


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
    body = [
        [name + c[OURS]["mark"], _short(c[OURS]["ms"]), *_ratios(c, labels)]
        for name, c in cases.items()
    ]
    table = _table(["`attn`, ms", *(f"to {x}" for x in labels)], body, beginning)
    return "\n\n".join(filter(None, (table, _note(body))))


def on_all_machines(script: str, label: str, *beginnings: str) -> str:
    """A table of the ratio of our time to that of `label`, a number for each kind of processor, in
    the order that it says below.

    With beginnings, a row for each size and a column for each of them.
    """
    found = records(script)
    kinds = [record["cases"] for record in found.values()]
    known = {other for cases in kinds for case in cases.values() for other in case}
    if label not in known:
        raise BuildError(f"{script} has no '{label}'{near(label, known)}")
    columns = [[_rows(cases, b) for cases in kinds] for b in beginnings or ("",)]
    for column, beginning in zip(columns, beginnings, strict=False):
        if not any(column):
            raise BuildError(f"no case of {script} begins with '{beginning}'")
    names = dict.fromkeys(name for column in columns for rows in column for name in rows)
    body = [[name, *(_beside(column, name, label) for column in columns)] for name in names]
    table = _table([b.strip() for b in beginnings] or [f"to {label}"], body, *beginnings)
    legend = f"In each cell: {' · '.join(f'*{kind}*' for kind in found)}."
    return "\n\n".join((table, " ".join(filter(None, (legend, _note(body))))))


def _rows(cases: Mapping[str, Any], beginning: str) -> Mapping[str, Any]:
    """The cases that go on with a size, by size; without a beginning all of them."""
    if not beginning:
        return cases
    ours = [name for name in cases if name.startswith(beginning)]
    sizes = [(name, size) for name in ours if (size := SIZE.fullmatch(name, len(beginning)))]
    found = sorted((int(size[1]), int(size[2]), name) for name, size in sizes)
    return {f"{heads}{SPACE}×{SPACE}{length:,}": cases[name] for heads, length, name in found}


def _table(head: list[str], body: list[list[str]], *beginnings: str) -> str:
    head = ["heads × length" if any(beginnings) else "", *head]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body))


def _note(body: list[list[str]]) -> str:
    older = any(OLDER in cell for row in body for cell in row)
    return f"{OLDER} Timed with older code than that of this book." if older else ""


def _ratios(case: Mapping[str, Any], labels: list[str]) -> list[str]:
    most = case[OURS].get("rounds")
    return [_ratio(case[label], most) if label in case else "—" for label in labels]


def _beside(kinds: list[Mapping[str, Any]], name: str, label: str) -> str:
    found = [rows.get(name, {}).get(label) for rows in kinds]
    return " · ".join(_short(row["ratio"][0]) + row["mark"] if row else "—" for row in found)


def _ratio(row: Mapping[str, Any], most: int | None) -> str:
    middle, low, high = map(_short, row["ratio"])
    turns = "" if row.get("rounds") == most else f", {row['rounds']}{SPACE}turns"
    return f"**{middle}**<br><small>{low}{JOINED}–{JOINED}{high}{turns}</small>"


def machine(script: str, kind: str = HERE) -> str:
    """What it was measured on, and with what; of the kind "others" all machines but ours."""
    found = records(script)
    if kind == "others" and len(found) > 1:
        return " · on ".join(machine(script, other) for other in found if other != HERE)
    if kind not in found:
        raise BuildError(f"{script} has no record of '{kind}'{near(kind, found)}")
    record = found[kind]
    about = record["about"]
    said = (
        ", ".join(filter(None, (about["machine"], about.get("system")))),
        ", ".join(f"{name} {version}" for name, version in about["versions"].items()),
        ", ".join(f"{name} with {n} threads" for name, n in about.get("threads", {}).items()),
        _busy(record),
        _rounds(record),
        _age(record),
    )
    return "; ".join(filter(None, said))


def _busy(record: Mapping[str, Any]) -> str:
    loads = [case["load"] for case in record.get("made", {}).values() if case["load"] is not None]
    if loads:
        return f"load average at most {max(loads)}"
    return f"load average {record['about']['load']} at the end" if "load" in record["about"] else ""


def _rounds(record: Mapping[str, Any]) -> str:
    ours = [rows[OURS]["rounds"] for rows in record["cases"].values() if "rounds" in rows[OURS]]
    return f"at least {min(ours)} rounds" if ours else ""


def _age(record: Mapping[str, Any]) -> str:
    older = sum(rows[OURS]["mark"] == OLDER for rows in record["cases"].values())
    return f"{older} of {len(record['cases'])} cases with older code ({OLDER})" if older else ""
