import json
import re

import markdown
import pytest
from _hooks import evidence, experiments
from _hooks.errors import BuildError
from _hooks.evidence import Bound
from _hooks.experiments import Measured
from _hooks.numbers import Fact
from bs4 import BeautifulSoup

NAN, INF = float("nan"), float("inf")

ENTRY = {
    "id": "noir-in-black",
    "claim": '"In the row of black, most is on *noir*, and $x < 3$ | more."',
    "page": "attention",
    "measure": "train_toy.noir",
    "bound": '">= 0.9"',
    "toy": "It has 85 words.",
}
FACTS = {
    "bahdanau2014.bleu": Fact("bahdanau2014.bleu", "bahdanau2014", "26.75", "Table 1", "BLEU"),
    "bahdanau2014.drift": Fact(
        "bahdanau2014.drift", "bahdanau2014", "30", "§5.2.2", "words", about=True
    ),
}


@pytest.fixture
def written(tmp_path):
    def write(*entries):
        lines = []
        for entry in entries:
            first, *rest = [f"{key}: {value}" for key, value in entry.items()]
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        path = tmp_path / "claims.yml"
        path.write_text("\n".join(["# claims", *lines]) + "\n")
        return path

    return write


@pytest.fixture
def judge(written):
    def rows(*values, **changes):
        path = written(ENTRY | changes)
        seeds = tuple(range(len(values)))
        return evidence.rows(
            evidence.claims(path), {"train_toy.noir": Measured(seeds, values)}, FACTS
        )

    return rows


def refused(call, *args):
    with pytest.raises(BuildError) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    return caught.value


# Loading.


def test_what_is_not_given_has_a_default(written):
    (claim,) = evidence.claims(written(ENTRY))
    assert (claim.over, claim.format, claim.paper, claim.figure) == ("median", ".2f", None, None)
    assert claim.snippet == "train_toy"
    assert claim.bound == (">=", 0.9)


def test_a_file_without_claims_has_none(tmp_path):
    (tmp_path / "claims.yml").write_text("# nothing yet\n")
    assert evidence.claims(tmp_path / "claims.yml") == []


@pytest.mark.parametrize("field", evidence.REQUIRED)
def test_a_missing_field_is_refused_at_its_claim(written, field):
    second = {k: v for k, v in ENTRY.items() if k != field}
    error = refused(evidence.claims, written(ENTRY | {"id": "a"}, second))
    assert f"'{field}'" in error.message
    assert error.line == 8


def test_an_unknown_field_is_refused_at_its_line_and_suggests_the_known(written):
    error = refused(evidence.claims, written(ENTRY | {"measured": "train_toy.x"}))
    assert "unknown field 'measured'; did you mean measure?" in error.message
    assert error.line == 8


def test_a_claim_twice_is_refused_at_the_second(written):
    error = refused(evidence.claims, written(ENTRY, ENTRY))
    assert "'noir-in-black'" in error.message
    assert "line 2" in error.message
    assert error.line == 8


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "Noir"),
        ("id", "noir_in"),
        ("id", "3"),
        ("claim", '""'),
        ("claim", "[a]"),
        ("page", "a b"),
        ("measure", "noir"),
        ("measure", "translator.noir"),
        ("bound", "0.9"),
        ("bound", '"0.9"'),
        ("bound", '"=> 0.9"'),
        ("bound", '">= nan"'),
        ("bound", '">= high"'),
        ("bound", '"≥ 0.9"'),
        ("bound", '">= 0.9 or so"'),
        ("toy", "null"),
        ("toy", '" "'),
        ("over", "mean"),
        ("over", "null"),
        ("format", '".2q"'),
        ("format", '"d"'),
        ("format", "2"),
        ("paper", "26.75"),
        ("paper", "bahdanau"),
        ("figure", "translator"),
        ("snippet", "[]"),
    ],
)
def test_a_wrong_value_is_refused_at_its_line(written, field, value):
    entry = ENTRY | {field: value}
    error = refused(evidence.claims, written(entry))
    assert f"{field} must be" in error.message
    assert error.line == 2 + list(entry).index(field)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("claims:\n  - id: a\n", 1),
        ("- noir\n", 1),
        ("-\n", 1),
        ("- id: a\n  id: b\n", 2),
        ("- id: a\n  bound: >= 0.9\n", 2),
        ("- id: [\n", 2),
    ],
)
def test_what_is_no_list_of_claims_is_refused_at_its_line(tmp_path, text, line):
    (tmp_path / "claims.yml").write_text(text)
    assert refused(evidence.claims, tmp_path / "claims.yml").line == line


def test_a_changed_file_is_read_again(written):
    path = written(ENTRY)
    assert len(evidence.claims(path)) == 1
    written(ENTRY, ENTRY | {"id": "b"})
    assert len(evidence.claims(path)) == 2


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ("measure", "train_toy.nior", "train_toy.noir"),
        ("paper", "bahdanau2014.bleau", "bahdanau2014.bleu"),
    ],
)
def test_an_unknown_key_is_refused_at_its_line_and_suggests_the_known(judge, field, value, meant):
    error = refused(lambda: judge(1.0, **{field: value}))
    assert f"unknown {field}: '{value}'; did you mean {meant}" in error.message
    assert error.line == (5 if field == "measure" else 8)


@pytest.mark.parametrize(
    ("field", "value"), [("page", "attentoin"), ("figure", "fig_toi"), ("snippet", "train_toi")]
)
def test_a_place_that_is_not_there_is_refused_at_its_line(written, tmp_path, field, value):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "attention.md").touch()
    (tmp_path / "snippets" / "attention").mkdir(parents=True)
    for stem in ("train_toy", "fig_toy"):
        (tmp_path / "snippets" / "attention" / f"{stem}.py").touch()
    entry = ENTRY | {"figure": "fig_toy", "snippet": "train_toy"}
    evidence.check_places(evidence.claims(written(entry)), tmp_path)
    error = refused(
        evidence.check_places, evidence.claims(written(entry | {field: value})), tmp_path
    )
    assert value in error.message
    assert error.line == 2 + list(entry).index(field)


# Judging.


@pytest.mark.parametrize(
    ("sign", "holding", "failing"),
    [
        (">=", (1.0, 2.0), (0.5,)),
        (">", (2.0,), (1.0, 0.5)),
        ("<=", (1.0, 0.5), (2.0,)),
        ("<", (0.5,), (1.0, 2.0)),
        ("==", (1.0,), (0.5, 2.0)),
    ],
)
def test_a_bound_holds_where_its_sign_says(sign, holding, failing):
    assert all(Bound(sign, 1.0).holds(value) for value in holding)
    assert not any(Bound(sign, 1.0).holds(value) for value in failing)


@pytest.mark.parametrize("sign", evidence.COMPARE)
@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_what_is_no_number_never_holds(sign, value):
    assert not Bound(sign, 1.0).holds(value)


@pytest.mark.parametrize(("over", "ours"), [("median", 0.95), ("min", 0.2), ("max", 1.0)])
def test_the_claim_is_about_the_aggregate_it_names(judge, over, ours):
    (row,) = judge(1.0, 0.2, 0.95, over=over)
    assert row.ours == ours
    assert row.holds == (ours >= 0.9)
    assert row.seeds_that_hold == 2


def test_one_nan_breaks_the_claim(judge):
    (row,) = judge(1.0, NAN, 1.0)
    assert not row.holds
    assert row.seeds_that_hold == 2


def test_claims_that_hold_pass(judge):
    evidence.check(judge(1.0, 0.2, 0.95))


def test_a_claim_that_does_not_hold_stops_the_build_with_all_that_is_known(judge):
    error = refused(evidence.check, judge(0.8, 0.2, 0.95))
    assert re.fullmatch(
        r"\S+claims.yml:6: claim 'noir-in-black' does not hold: it says >= 0\.9, but the median of "
        r"train_toy\.noir is 0\.8, of 0\.8 \(seed 0\), 0\.2 \(seed 1\), 0\.95 \(seed 2\)",
        str(error),
    )


def test_further_claims_that_do_not_hold_are_named(judge):
    error = refused(evidence.check, [*judge(0.8), *judge(0.7, id="b"), *judge(1.0, id="c")])
    assert error.message.endswith("nor do these hold: b")


# Showing.


def cells(table):
    """The cells of the first row as a reader sees them, by the name of their column."""
    text = markdown.markdown(f"before\n\n{table}\n\nafter", extensions=["md_in_html", "attr_list"])
    soup = BeautifulSoup(text, "html.parser")
    row = soup.find("tbody").find("tr")
    assert len(row.find_all("td")) == len(soup.find("thead").find_all("th"))
    return row, {cell["data-label"]: cell for cell in row.find_all("td")}


def test_a_row_shows_claim_paper_numbers_bound_and_what_is_missing(judge):
    rows = judge(0.95, 1.0, 0.99, paper="bahdanau2014.bleu", figure="fig_toy")
    row, shown = cells(evidence.table(rows))
    assert row["id"] == "claim-noir-in-black"
    assert shown["Claim"].em.text == "noir"
    assert [a["href"] for a in shown["Claim"].find_all("a")] == [
        "attention.md",
        "attention.md#fig_toy",
    ]
    assert shown["The paper"].text == "26.75 BLEUBahdanau et al. (2014), Table 1"
    assert shown["The paper"].a["href"] == "reference/bibliography.md#bahdanau2014"
    assert shown["Measured here"].text == "0.99 (median; 0.95 to 1.00)seeds: 0.95, 1.00, 0.99"
    assert shown["Bound"].text == "≥ 0.9✓ holds (3 of 3 seeds)"
    assert shown["What the toy cannot show"].text == "It has 85 words."


def test_seeds_that_disagree_are_shown(judge):
    _, shown = cells(evidence.table(judge(0.95, 0.2, 0.99)))
    assert "✓ holds (only 2 of 3 seeds)" in shown["Bound"].text


def test_a_claim_that_does_not_hold_is_shown_so(judge):
    _, shown = cells(evidence.table(judge(NAN, 0.2, 0.99)))
    assert "✗ does not hold (only 1 of 3 seeds)" in shown["Bound"].text


def test_a_number_read_from_a_plot_says_about(judge):
    _, shown = cells(evidence.table(judge(1.0, paper="bahdanau2014.drift")))
    assert shown["The paper"].text.startswith("about 30 words")


def test_negative_numbers_and_percent_are_set_as_print_does(judge):
    _, shown = cells(evidence.table(judge(-0.25, bound='"< -0.125"', format='".0%"')))
    assert shown["Measured here"].text.startswith("−25% (median")
    assert shown["Bound"].text.startswith("< −12.5%")


def test_every_measured_number_has_an_anchor():
    table = evidence.measures_table({"train_toy.noir": Measured((0, 1), (0.5, -12_000.0))})
    row, shown = cells(table)
    assert row["id"] == "train_toy-noir"
    assert [cell.text for cell in shown.values()] == [
        "noir",
        "−6000",
        "−12,000 to 0.5",
        "0.5, −12,000",
    ]


def test_the_json_has_every_key_and_is_json_without_nan(judge):
    rows = [*judge(1.0, 0.5, 0.9, paper="bahdanau2014.bleu"), *judge(NAN, INF, id="b")]
    first, second = json.loads(evidence.as_json(rows), parse_constant=pytest.fail)
    assert first["paper"] == {"value": "26.75 BLEU", "source": "Bahdanau et al. (2014), Table 1"}
    assert (first["ours"], first["spread"], first["bound"]) == (0.9, [0.5, 1.0], ">= 0.9")
    assert (first["seeds"], first["values"]) == ([0, 1, 2], [1.0, 0.5, 0.9])
    assert (first["holds"], first["seeds_that_hold"]) == (True, 2)
    assert (second["paper"]["value"], second["ours"], second["holds"]) == (None, None, False)
    assert second["values"] == [None, None]
    assert set(first) == set(second) >= {"id", "claim", "toy", "figure", "snippet", "page"}


# The claims of the book.


def test_every_claim_of_the_book_holds():
    found = evidence.claims()
    known = experiments.discover()
    experiment = {stem: known[stem] for c in found if (stem := c.measure.split(".")[0]) in known}
    records = {
        stem: {seed: experiments.recorded(e, seed) for seed in e.seeds}
        for stem, e in experiment.items()
    }
    evidence.check_places(found)
    evidence.check(evidence.rows(found, experiments.measures(records), evidence.load_facts()))
