"""The claims of the book (docs/claims.yml) against what was measured: the Evidence page."""

import html
import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from _hooks import bibliography, yaml_lines
from _hooks.errors import ROOT, BuildError
from _hooks.experiments import Measured, all_measured, near
from _hooks.numbers import Fact, load_facts
from _hooks.yaml_lines import line_of

CLAIMS = ROOT / "docs" / "claims.yml"
REQUIRED = ("id", "claim", "page", "measure", "bound", "toy")
DEFAULTS = {"over": "median", "format": ".2f", "paper": None, "figure": None, "snippet": None}
AGGREGATES = ("median", "min", "max")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
}
SIGNS = {">=": "≥", "<=": "≤", "==": "="}


class Bound(NamedTuple):
    """What a claim promises of its number."""

    sign: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether the value keeps the promise; NaN and infinity never do."""
        return math.isfinite(value) and COMPARE[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}"


class Claim(NamedTuple):
    """One entry of claims.yml, and where it stands."""

    id: str
    claim: str
    page: str
    measure: str
    bound: Bound
    toy: str
    over: str
    format: str
    paper: str | None
    figure: str | None
    snippet: str
    file: Path
    lines: Mapping[str, int]

    def wrong(self, message: str, field: str = "id") -> BuildError:
        """What is wrong with the claim, at the line of the field."""
        line = self.lines.get(field, self.lines["id"])
        return BuildError(f"claim '{self.id}' {message}", self.file, line)


class Row(NamedTuple):
    """A claim with the paper's number and ours."""

    claim: Claim
    paper: Fact | None
    measured: Measured

    @property
    def ours(self) -> float:
        """The aggregate that the claim is about."""
        return float(getattr(self.measured, self.claim.over))

    @property
    def holds(self) -> bool:
        """Whether the aggregate keeps the bound."""
        return self.claim.bound.holds(self.ours)

    @property
    def seeds_that_hold(self) -> int:
        """How many seeds keep the bound by themselves."""
        return sum(map(self.claim.bound.holds, self.measured.values))


# Loading: whatever is wrong is said with its line.


@yaml_lines.kept
def claims(path: Path = CLAIMS) -> list[Claim]:
    """All claims in the order of the file; BuildError at the line of what is wrong."""
    data = yaml_lines.load(path) or []
    if not isinstance(data, list):
        raise BuildError("must be a list of claims", path, line_of(data))
    found: dict[str, Claim] = {}
    for n, entry in enumerate(data):
        claim = _claim(entry, path, line_of(data, n))
        if claim.id in found:
            raise claim.wrong(f"is there twice: also in line {found[claim.id].lines['id']}")
        found[claim.id] = claim
    return list(found.values())


def _claim(entry: Any, path: Path, line: int | None) -> Claim:
    if not isinstance(entry, yaml_lines.Mapping):
        raise BuildError(f"a claim must have {', '.join(REQUIRED)}; got {entry!r}", path, line)
    name = f"claim '{entry.get('id', '')}'"
    for key in entry:
        if key not in (*REQUIRED, *DEFAULTS):
            hint = near(str(key), (*REQUIRED, *DEFAULTS))
            raise BuildError(f"{name}: unknown field '{key}'{hint}", path, line_of(entry, key))
    for key in REQUIRED:
        if key not in entry:
            raise BuildError(f"{name}: lacks '{key}'", path, line)
    fields = {**DEFAULTS, **entry}
    for key, value in fields.items():
        if problem := _problem(key, value):
            message = f"{name}: {key} must be {problem}; got {value!r}"
            raise BuildError(message, path, line_of(entry, key))
    fields["bound"] = _bound(fields["bound"])
    fields["snippet"] = fields["snippet"] or fields["measure"].split(".")[0]
    return Claim(**fields, file=path, lines=entry.lines)


def _problem(key: str, value: Any) -> str | None:
    """What the value of the field should be, if it is not."""
    if value is None and key in DEFAULTS and DEFAULTS[key] is None:
        return None
    wanted, fits = FIELDS[key]
    return None if isinstance(value, str) and fits(value) else wanted


def _like(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


def _formats(text: str) -> bool:
    try:
        return bool(format(0.5, text))
    except ValueError:
        return False


BOUND = r"(>=|>|<=|<|==) ?(-?\d+(?:\.\d+)?(?:e-?\d+)?)"
NAME = ("a name in lower case with hyphens", _like(r"[a-z0-9]+(-[a-z0-9]+)*"))
TEXT = ("a text", lambda text: bool(text.strip()))
FIELDS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "id": NAME,
    "claim": TEXT,
    "page": ("the name of a page", _like(r"[\w/-]+")),
    "measure": ("experiment.name", _like(r"train_\w+\.\w+")),
    "bound": ('a comparison in quotes, such as ">= 0.9"', _like(BOUND)),
    "toy": TEXT,
    "over": (f"one of {', '.join(AGGREGATES)}", AGGREGATES.__contains__),
    "format": ('a format of a number, such as ".2f"', _formats),
    "paper": ("a key of facts.yml", _like(r"\w+\.\w+")),
    "figure": ("the name of a figure", _like(r"fig_\w+")),
    "snippet": ("the name of a script", _like(r"\w+")),
}


def _bound(text: str) -> Bound:
    sign, limit = re.fullmatch(BOUND, text).groups()  # type: ignore[union-attr]
    return Bound(sign, float(limit))


# Judging.


def rows(
    claims: Iterable[Claim], measured: Mapping[str, Measured], facts: Mapping[str, Fact]
) -> list[Row]:
    """Each claim with its numbers: `measured` by experiment.name, `facts` by key."""
    return [_row(claim, measured, facts) for claim in claims]


def _row(claim: Claim, measured: Mapping[str, Measured], facts: Mapping[str, Fact]) -> Row:
    for field, known in (("measure", measured), ("paper", facts)):
        name = getattr(claim, field)
        if name and name not in known:
            raise claim.wrong(f"has an unknown {field}: '{name}'{near(name, known)}", field)
    return Row(claim, facts[claim.paper] if claim.paper else None, measured[claim.measure])


def judged() -> list[Row]:
    """The claims of the book with their numbers; runs that are missing are trained first."""
    found = claims()
    check_places(found)
    return rows(found, all_measured(), load_facts())


def check_places(claims: Iterable[Claim], root: Path = ROOT) -> None:
    """That the page, the figure and the snippet of each claim are there."""
    scripts = {path.stem for path in (root / "snippets").glob("*/*.py")}
    for claim in claims:
        if not (root / "docs" / f"{claim.page}.md").is_file():
            raise claim.wrong(f"names a page that is not there: docs/{claim.page}.md", "page")
        for field in ("figure", "snippet"):
            name = getattr(claim, field)
            if name and name not in scripts:
                message = f"names a {field} that is not there: '{name}'{near(name, scripts)}"
                raise claim.wrong(message, field)


def check(rows: Iterable[Row]) -> None:
    """That every claim holds; the first that does not stops the build, and names the others."""
    broken = [row for row in rows if not row.holds]
    if broken:
        others = ", ".join(row.claim.id for row in broken[1:])
        also = f"; nor do these hold: {others}" if others else ""
        raise broken[0].claim.wrong(f"{_failure(broken[0])}{also}", "bound")


def _failure(row: Row) -> str:
    seeds = zip(row.measured.seeds, row.measured.values, strict=True)
    values = ", ".join(f"{value:.6g} (seed {seed})" for seed, value in seeds)
    claim = row.claim
    came = f"the {claim.over} of {claim.measure} is {row.ours:.6g}"
    return f"does not hold: it says {claim.bound}, but {came}, of {values}"


# Showing.

COLUMNS = ("Claim", "The paper", "Measured here", "Bound", "What the toy cannot show")


def table(rows: Iterable[Row]) -> str:
    """The Evidence table as HTML with Markdown in its cells; each row has the anchor claim-<id>."""
    return _html("evidence", COLUMNS, ((f"claim-{row.claim.id}", _cells(row)) for row in rows))


def _cells(row: Row) -> Sequence[str]:
    claim, number = row.claim, row.claim.format
    verdict = f"{'✓ holds' if row.holds else '✗ does not hold'} ({_held(row)})"
    bound = f"{SIGNS.get(claim.bound.sign, claim.bound.sign)} {_limit(claim)}"
    return (
        f"{claim.claim}<br><small>{_places(claim)}</small>",
        _paper(row.paper) if row.paper else "—",
        _numbers(row.measured, number, claim.over),
        f"{html.escape(bound)}<br>{verdict}",
        claim.toy,
    )


def _held(row: Row) -> str:
    held, seeds = row.seeds_that_hold, len(row.measured.seeds)
    return f"{held} of {seeds} seeds" if held == seeds else f"**only {held} of {seeds} seeds**"


def _limit(claim: Claim) -> str:
    """The bound as it was written, in percent where the numbers are."""
    limit = claim.bound.limit
    return minus(f"{100 * limit:g}%" if claim.format.endswith("%") else f"{limit:g}")


def _places(claim: Claim) -> str:
    page = f"[{claim.page.replace('-', ' ')}]({claim.page}.md)"
    figure = f" · [figure]({claim.page}.md#{claim.figure})" if claim.figure else ""
    return f"{page}{figure} · `{claim.snippet}.py`"


def _paper(fact: Fact) -> str:
    return f"{shown(fact)}<br><small>[{fact.source}]({bibliography.PAGE}#{fact.work})</small>"


def shown(fact: Fact) -> str:
    """26.75 BLEU, or about 20 BLEU."""
    return " ".join(filter(None, ["about" if fact.about else "", fact.value, fact.unit]))


def _numbers(measured: Measured, form: str, over: str) -> str:
    values = ", ".join(minus(format(value, form)) for value in measured.values)
    ours, low, high = (format(getattr(measured, name), form) for name in (over, "min", "max"))
    spread = minus(f"**{ours}** ({over}; {low} to {high})")
    return f"{spread}<br><small>seeds: {values}</small>"


def minus(number: str) -> str:
    """The number with a minus sign instead of a hyphen."""
    return number.replace("-", "−")


MEASURES = ("Number", "Median", "Smallest to largest", "Each seed")


def measures_table(measured: Mapping[str, Measured]) -> str:
    """Every measured number, for the links of the prose: its anchor is `experiment-name`."""
    rows = ((name.replace(".", "-"), _measure(name, found)) for name, found in measured.items())
    return _html("measures", MEASURES, rows)


def _measure(name: str, found: Measured) -> Sequence[str]:
    each = ", ".join(map(_short, found.values))
    spread = f"{_short(found.min)} to {_short(found.max)}"
    return f"`{name.partition('.')[2]}`", _short(found.median), spread, each


def _short(value: float) -> str:
    """Four digits, or all of a whole number."""
    return minus(f"{value:,.0f}" if value.is_integer() else f"{value:.4g}")


def _html(name: str, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A table that narrow screens show as cards: each cell carries the name of its column."""
    head = "".join(f'<th role="columnheader" scope="col">{column}</th>' for column in columns)
    body = "\n".join(_html_row(anchor, columns, cells) for anchor, cells in rows)
    return (
        f'<table class="{name} cards" role="table" markdown="1">\n<thead role="rowgroup">'
        f'<tr role="row">{head}</tr></thead>\n'
        f'<tbody role="rowgroup" markdown="1">\n{body}\n</tbody>\n</table>'
    )


def _html_row(anchor: str, columns: Sequence[str], cells: Sequence[str]) -> str:
    inner = "\n".join(
        f'<td role="cell" data-label="{column}" markdown="span">{cell}</td>'
        for column, cell in zip(columns, cells, strict=True)
    )
    return f'<tr role="row" id="{anchor}" markdown="1">\n{inner}\n</tr>'


def as_json(rows: Iterable[Row]) -> str:
    """evidence.json: one object a claim; what is no number is null."""
    return json.dumps([_object(row) for row in rows], ensure_ascii=False, indent=1) + "\n"


def _object(row: Row) -> dict[str, Any]:
    claim, found, paper = row.claim, row.measured, row.paper
    return {
        "id": claim.id,
        "claim": claim.claim,
        "page": claim.page,
        "paper": {"value": shown(paper), "source": paper.source}
        if paper
        else {"value": None, "source": None},
        "ours": _finite(row.ours),
        "over": claim.over,
        "spread": [_finite(found.min), _finite(found.max)],
        "seeds": list(found.seeds),
        "values": [_finite(value) for value in found.values],
        "bound": str(claim.bound),
        "holds": row.holds,
        "seeds_that_hold": row.seeds_that_hold,
        "toy": claim.toy,
        "measure": claim.measure,
        "figure": claim.figure,
        "snippet": claim.snippet,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
