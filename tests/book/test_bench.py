"""What `make bench` measures and records, and how the pages show it."""

import itertools
import json
import math
import runpy
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _hooks import bench, code_key, timings
from _hooks.errors import ROOT, BuildError


def cases() -> bench.Cases:
    """Four times the work takes longer."""
    for size in ("1x2", "1x10"):
        yield (
            f"forward {size}",
            {"attn": lambda: sum(range(40_000)), "other": lambda: sum(range(10_000))},
            {},
        )
    yield "both 1x2", {"attn": lambda: [0.0] * 1_000_000}, {"attn": bench.as_it_is}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few short rounds."""
    monkeypatch.setattr(bench, "ROUNDS", (5, 5))
    monkeypatch.setattr(bench, "SPAN", 0.002)


@pytest.mark.usefixtures("quick")
def test_a_ratio_is_our_time_by_theirs() -> None:
    found = dict(bench.measured(cases()))
    assert found["forward 1x2"]["attn"]["ratio"] == [1, 1, 1]
    row = found["forward 1x2"]["other"]
    ratio, low, high = row["ratio"]
    assert low <= high
    assert ratio > 1
    assert row["ms"] > 0
    assert found["forward 1x2"]["attn"]["rounds"] == 5


def turns(
    monkeypatch: pytest.MonkeyPatch, seconds: Mapping[str, float]
) -> tuple[list[str], list[dict[str, float]]]:
    """Who has its turn, and the rounds, of calls that take so long."""
    taken: list[str] = []

    def burst(call: bench.Call, times: int) -> float:
        taken.append(call())
        return seconds[taken[-1]]

    monkeypatch.setattr(bench, "calls_in_a_row", lambda call: max(1, int(0.1 / seconds[call()])))
    monkeypatch.setattr(bench, "burst", burst)
    monkeypatch.setattr(bench, "BUDGET", 0)
    rounds = bench.interleaved({label: partial(str, label) for label in seconds})
    return taken, rounds


def test_calls_take_turns_and_nobody_always_comes_after_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken, rounds = turns(monkeypatch, {"attn": 0.001, "a": 0.002, "b": 0.0004})
    assert len(rounds) == bench.ROUNDS[0]
    starts = range(0, len(taken), 3)
    assert all(set(taken[n : n + 3]) == {"attn", "a", "b"} for n in starts)
    after = {(x, y) for x, y in itertools.pairwise(taken) if x != y}
    assert after == set(itertools.permutations(("attn", "a", "b"), 2))


def test_what_is_slow_has_fewer_turns_and_takes_none_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, rounds = turns(monkeypatch, {"attn": 0.5, "near": 1.4, "slow": 1.6, "quick": 0.0001})
    found = {label: bench.row(label, rounds) for label in ("attn", "near", "slow", "quick")}
    assert {label: row["rounds"] for label, row in found.items()} == {
        "attn": bench.ROUNDS[0],
        "near": bench.ROUNDS[0],
        "slow": math.ceil(bench.ROUNDS[0] / bench.EVERY),
        "quick": bench.ROUNDS[0],
    }


def test_slow_is_whose_turn_is_long_not_whose_call_is(monkeypatch: pytest.MonkeyPatch) -> None:
    _, rounds = turns(monkeypatch, {"attn": 0.0001, "b": 0.01})
    assert bench.row("b", rounds)["rounds"] == bench.ROUNDS[0]


def test_a_ratio_is_of_the_rounds_in_which_both_had_their_turn() -> None:
    rounds = [{"attn": 9.0}, {"attn": 1.0, "b": 2.0}, {"attn": 9.0}, {"attn": 2.0, "b": 4.0}]
    assert bench.row("b", rounds) == {"ms": 3000, "ratio": [0.5, 0.5, 0.5], "rounds": 2}


@pytest.mark.parametrize(
    "theirs",
    [
        [2.0, np.array([1.0, 1.01])],
        [2.0, np.array([1.0, np.nan])],
        [2.0, np.ones((2, 1))],
        [2.0],
        [3.0, np.ones(2)],
    ],
)
def test_libraries_that_compute_something_else_are_not_timed(theirs: list[Any]) -> None:
    calls = {"attn": lambda: (2.0, {"W": np.ones(2)}), "b": lambda: theirs}
    wrong = iter([("case", calls, dict.fromkeys(calls, bench.as_it_is))])
    with pytest.raises(ValueError, match="case: b does not compute what attn computes"):
        list(bench.measured(wrong))


def test_results_are_compared_whatever_their_form() -> None:
    class Tensor:
        def detach(self) -> Any:
            return np.full((2, 3), 1.0001)

    ours = {"b": np.zeros(2), "a": np.ones((3, 2))}
    calls = {
        "attn": lambda: (0.5, ours),
        "b": lambda: (Tensor(), np.full(2, 1e-7)),
        "c": lambda: "else",
    }
    views = {"attn": lambda y: y[1], "b": lambda y: [bench.arrays(y[0])[0].T, y[1]]}
    bench.compare("case", calls, views)


def test_a_call_waits_until_the_threads_of_the_one_before_have_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []
    spent = iter([0.0, 0.01, 0.01, 0.02, 0.02, 0.02])  # around three pauses; the last is quiet
    monkeypatch.setattr("time.process_time", lambda: next(spent))
    monkeypatch.setattr("time.sleep", lambda _: order.append("pause"))
    bench.burst(lambda: order.append("call"), 2)
    assert order == ["pause"] * 3 + ["call"] * 3  # the first call is not counted


def test_threads_that_never_stop_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = itertools.count()
    monkeypatch.setattr(bench, "PATIENCE", 0.05)
    monkeypatch.setattr("time.process_time", lambda: next(spent))
    with pytest.raises(RuntimeError, match="threads still work"):
        bench.settle()


def test_memory_is_the_peak_of_a_call() -> None:
    needed = bench.memory(lambda: bytearray(50_000_000) and None)
    assert needed is None or 45 < needed < 60


def file(script: Path) -> Path:
    """Where a script's record of this machine is."""
    return script.with_suffix(f".{bench.vectors()}.json")


def read(script: Path) -> dict[str, Any]:
    """The record of this machine."""
    return json.loads(file(script).read_text("utf-8"))


AGAIN = {"attn": {"ms": 7.0, "ratio": [1, 1, 1], "rounds": 9, "mb": None, "compared": True}}


@pytest.mark.usefixtures("quick")
def test_a_record_keeps_the_cases_that_were_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "bench_x.py"
    monkeypatch.setattr(bench, "load", lambda: 1.5)
    bench.record(script, "old", bench.measured(cases()))
    monkeypatch.setattr(bench, "load", lambda: 2.5)
    bench.record(script, "new", iter([("forward 1x10", AGAIN)]))
    record = read(script)
    assert list(record["cases"]) == ["forward 1x2", "forward 1x10", "both 1x2"]  # as in the script
    assert record["cases"]["forward 1x10"]["attn"]["ms"] == 7
    assert list(record["cases"]["forward 1x2"]) == ["attn", "other"]
    assert record["made"] == {
        "forward 1x2": {"key": "old", "load": 1.5},
        "forward 1x10": {"key": "new", "load": 2.5},
        "both 1x2": {"key": "old", "load": 1.5},
    }
    bench.record(script, "new", iter([("both 1x2", AGAIN)]), every=True)
    assert list(read(script)["cases"]) == list(read(script)["made"]) == ["both 1x2"]


@pytest.mark.usefixtures("quick")
def test_a_record_says_which_results_were_compared(tmp_path: Path) -> None:
    script = tmp_path / "bench_x.py"
    bench.record(script, "key", bench.measured(cases()))
    found = read(script)["cases"]
    assert found["both 1x2"]["attn"]["compared"]
    assert not found["forward 1x2"]["other"]["compared"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("other", [{"machine": "another"}, {"threads": {}}, {"versions": {}}])
def test_cases_of_another_machine_do_not_stay(tmp_path: Path, other: dict[str, Any]) -> None:
    script = tmp_path / "bench_x.py"
    elsewhere = {"about": bench.about() | other, "cases": {"both 1x9": {}}, "made": {}}
    file(script).write_text(json.dumps(elsewhere), "utf-8")
    bench.record(script, "key", bench.measured(cases(), "both"))
    assert list(read(script)["cases"]) == ["both 1x2"]


def test_a_record_says_versions_system_and_threads_and_no_path() -> None:
    about = bench.about()
    assert about["versions"]["numpy"] == np.__version__
    assert about["versions"]["threadpoolctl"]
    assert about["system"]
    assert any(count >= 1 for count in about["threads"].values())
    assert "/" not in json.dumps(about)


@pytest.mark.parametrize("script", sorted((ROOT / "snippets").glob("*/bench_*.py")), ids=str)
def test_ours_is_always_among_what_is_compared(script: Path) -> None:
    for name, calls, views in runpy.run_path(str(script))["cases"]():
        assert "attn" in calls.keys() & views, name


@pytest.mark.usefixtures("quick")
def test_the_beginning_of_a_name_chooses_cases() -> None:
    assert [name for name, _ in bench.measured(cases(), "both")] == ["both 1x2"]


def test_a_name_that_no_case_has_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main("bench_no_such", "both") == 1
    assert "There is no case 'both…' in a script 'bench_no_such'" in capsys.readouterr().err


def test_a_library_that_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.PEERS, "PyTorch", "no_such_library")
    assert bench.peer("PyTorch") is None


KEY = "now"
RECORD: dict[str, Any] = {
    "about": {
        "machine": "toy, 2 cores",
        "system": "Linux",
        "versions": {"numpy": "2"},
        "threads": {"openblas 1": 2},
    },
    "cases": {
        "forward 1x512": {"attn": {"ms": 1.234, "ratio": [1, 1, 1], "rounds": 12, "mb": 3.0}},
        "forward 1x1024": {
            "attn": {"ms": 1234.5, "ratio": [1, 1, 1], "rounds": 9, "mb": None},
            "other": {"ms": 10.0, "ratio": [0.5, 0.4, 0.6], "rounds": 5, "mb": None},
        },
        "forward causal 1x512": {
            "attn": {"ms": 1.0, "ratio": [1, 1, 1], "rounds": 9, "mb": 3.0},
            "other": {"ms": 2.0, "ratio": [0.5, 0.5, 0.5], "rounds": 9, "mb": 3.0},
        },
    },
    "made": {
        "forward 1x512": {"key": KEY, "load": 1.2},
        "forward 1x1024": {"key": KEY, "load": 1.9},
        "forward causal 1x512": {"key": "before", "load": None},
    },
}
# As records were written before they had keys: on machines that are no longer here.
ELSEWHERE = {
    "about": {"versions": {"numpy": "3"}, "machine": "lens, 4 cores", "load": 2},
    "cases": {
        "forward 1x1024": {
            "attn": {"ms": 9.0, "ratio": [1, 1, 1], "mb": None},
            "other": {"ms": 9.0, "ratio": [2.5, 2, 3], "mb": None},
        }
    },
}
THIRD = ELSEWHERE | {"about": {"versions": {"numpy": "4"}, "machine": "third"}}


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Records of our own, by kind of processor."""
    given = {timings.HERE: RECORD, "LENS": ELSEWHERE}
    found = {kind: timings.marked(record, KEY) for kind, record in given.items()}
    monkeypatch.setattr(timings, "records", lambda script: found)
    return found


@pytest.fixture
def recorded(kinds: dict[str, Any]) -> None:
    """The same, where a test does not ask for them."""


@pytest.mark.usefixtures("recorded")
def test_a_table_has_a_row_a_size_and_a_column_a_library() -> None:
    head, _, first, second = timings.timings("bench_x", "forward ").split("\n")
    assert head == "| heads × length | `attn`, ms | to other |"
    assert first == "| 1\xa0×\xa0512 | 1.23 | — |"
    ratio = "**0.50**<br><small>0.40\u2060–\u20600.60, 5\xa0turns</small>"
    assert second == f"| 1\xa0×\xa01,024 | 1,234 | {ratio} |"


@pytest.mark.usefixtures("recorded")
def test_what_older_code_took_is_marked_wherever_it_is_shown() -> None:
    *_, row, empty, note = timings.timings("bench_x", "forward causal ").split("\n")
    assert row == "| 1\xa0×\xa0512† | 1.00 | **0.50**<br><small>0.50\u2060–\u20600.50</small> |"
    assert not empty
    assert note == "† Timed with older code than that of this book."
    assert "; with older code" in timings.timing("bench_x", "forward causal 1x512", "other")
    assert "older" not in timings.timing("bench_x", "forward 1x512", "attn", "ms")
    assert "older" not in timings.timings("bench_x", "forward ")
    assert timings.machine("bench_x").endswith("; 1 of 3 cases with older code (†)")


def test_of_an_older_code_is_what_has_another_key_or_none() -> None:
    marks = {
        case: rows["attn"]["mark"] for case, rows in timings.marked(RECORD, KEY)["cases"].items()
    }
    assert marks == {"forward 1x512": "", "forward 1x1024": "", "forward causal 1x512": "†"}
    assert timings.marked(ELSEWHERE, KEY)["cases"]["forward 1x1024"]["other"]["mark"] == "†"


def test_records_are_marked_by_the_code_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    key = json.loads((ROOT / f"snippets/how-fast/bench_ntm.{timings.HERE}.json").read_text("utf-8"))
    case = "Turing machine, LSTM"
    monkeypatch.setattr(code_key, "key", lambda script: f"the key of {script.name}")
    key["made"] = {case: {"key": "the key of bench_ntm.py", "load": 1}}
    monkeypatch.setattr(timings, "_load", lambda path, changed: key)
    assert timings.load("bench_ntm")["cases"][case]["attn"]["mark"] == ""
    monkeypatch.setattr(code_key, "key", lambda script: "another")
    assert timings.load("bench_ntm")["cases"][case]["attn"]["mark"] == "†"


def test_machines_stand_beside_each_other(kinds: dict[str, Any]) -> None:
    shown = timings.on_all_machines("bench_x", "other", "forward ", "forward causal ")
    assert shown.split("\n") == [
        "| heads × length | forward | forward causal |",
        "| --- | --- | --- |",
        "| 1\xa0×\xa0512 | — · — | 0.50† · — |",
        "| 1\xa0×\xa01,024 | 0.50 · 2.50† | — · — |",
        "",
        f"In each cell: *{timings.HERE}* · *LENS*. † Timed with older code than that of this book.",
    ]
    kinds["THIRD"] = timings.marked(THIRD, KEY)
    shown = timings.on_all_machines("bench_x", "other")
    assert "| forward 1x1024 | 0.50 · 2.50† · 2.50† |" in shown
    assert f"In each cell: *{timings.HERE}* · *LENS* · *THIRD*. †" in shown


def test_a_machine_says_all_that_its_numbers_depend_on(kinds: dict[str, Any]) -> None:
    assert timings.machine("bench_x") == (
        "toy, 2 cores, Linux; numpy 2; openblas 1 with 2 threads; load average at most 1.9; "
        "at least 9 rounds; 1 of 3 cases with older code (†)"
    )
    lens = "lens, 4 cores; numpy 3; load average 2 at the end; 1 of 1 cases with older code (†)"
    assert timings.machine("bench_x", "LENS") == timings.machine("bench_x", "others") == lens
    kinds["THIRD"] = timings.marked(THIRD, KEY)
    third = "third; numpy 4; 1 of 1 cases with older code (†)"
    assert timings.machine("bench_x", "others") == f"{lens} · on {third}"


def test_a_machine_beside_which_there_is_no_other_stops_the_build(kinds: dict[str, Any]) -> None:
    del kinds["LENS"]
    with pytest.raises(BuildError, match="no record of 'others'"):
        timings.machine("bench_x", "others")


def test_without_a_record_of_our_machine_the_build_stops() -> None:
    with pytest.raises(BuildError, match="no record of 'bench_no_such' on"):
        timings.load("bench_no_such")


@pytest.mark.usefixtures("recorded")
def test_a_number_comes_by_key_and_says_its_spread() -> None:
    shown = timings.timing("bench_x", "forward 1x1024", "other")
    assert shown.startswith("[0.50](how-fast.md#machine")
    assert "quartiles 0.40 and 0.60 of 5 turns" in shown


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("key", "message"),
    [
        (("forward 1x513", "attn"), "has no case 'forward 1x513'; did you mean forward 1x512"),
        (("forward 1x512", "other"), "has no 'other'"),
        (("forward 1x1024", "other", "mb"), "has no mb for 'other'"),
        (("forward 1x1024", "other", "mbs"), "has no mbs for 'other'"),
    ],
)
def test_what_is_not_recorded_stops_the_build(key: tuple[str, ...], message: str) -> None:
    with pytest.raises(BuildError, match=message):
        timings.timing("bench_x", *key)


@pytest.mark.usefixtures("recorded")
def test_a_table_of_nothing_stops_the_build() -> None:
    with pytest.raises(BuildError, match="no case of bench_x begins with 'foward '"):
        timings.timings("bench_x", "foward ")
    with pytest.raises(BuildError, match="no case of bench_x begins with 'foward '"):
        timings.on_all_machines("bench_x", "other", "forward ", "foward ")
    with pytest.raises(BuildError, match="bench_x has no 'othr'; did you mean other"):
        timings.on_all_machines("bench_x", "othr", "forward ")
    with pytest.raises(BuildError, match="no record of 'LENZ'; did you mean LENS"):
        timings.machine("bench_x", "LENZ")


def test_every_benchmark_has_its_record() -> None:
    scripts = sorted((ROOT / "snippets").glob("*/bench_*.py"))
    assert scripts
    written = {p for script in scripts for p in script.parent.glob(f"{script.stem}.*.json")}
    assert written == set((ROOT / "snippets").glob("*/bench_*.json"))
    for record in (r for script in scripts for r in timings.records(script.stem).values()):
        for case in record["cases"].values():
            assert all(math.isfinite(row["ms"]) and row["ms"] > 0 for row in case.values())
            assert case["attn"]["ratio"] == [1, 1, 1]


ALONE = {"the bound", "the bound, products alone", "the product alone"}


@pytest.mark.parametrize("script", sorted((ROOT / "snippets").glob("*/bench_*.py")), ids=str)
def test_every_library_was_compared_where_it_computes_the_same(script: Path) -> None:
    for record in timings.records(script.stem).values():
        for name, rows in record["cases"].items():
            apart = {label for label, row in rows.items() if not row.get("compared", True)}
            assert apart <= ALONE | ({"PyTorch"} if name == "translator" else set()), name


GROWTH = ROOT / "snippets/how-fast/fig_growth.py"


def test_the_curves_are_of_the_machine_that_the_pages_quote() -> None:
    assert f"bench_attention.{timings.HERE}.json" in GROWTH.read_text("utf-8")


def test_memory_that_no_system_can_see_is_not_drawn() -> None:
    names = runpy.run_path(str(GROWTH))
    assert min(names["curve"]("JAX", "mb")[0]) == 2048
    assert min(names["curve"]("JAX", "ms")[0]) == min(names["curve"]("attn", "mb")[0]) == 128


def test_a_value_that_cannot_be_drawn_is_not_left_out() -> None:
    names = runpy.run_path(str(GROWTH))
    names["CASES"]["forward 1x512"]["attn"]["mb"] = None
    assert 512 not in names["curve"]("attn", "mb")[0]
    names["CASES"]["forward 1x512"]["attn"]["mb"] = 0.0
    with pytest.raises(ValueError, match="attn: expected mb above 0"):
        names["curve"]("attn", "mb")
