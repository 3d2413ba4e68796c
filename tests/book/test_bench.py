"""What `make bench` measures and records, and how the pages show it."""

import itertools
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _hooks import bench, timings
from _hooks.errors import ROOT, BuildError


def cases() -> Iterator[tuple[str, dict[str, Callable[[], Any]]]]:
    """Four times the work takes longer."""
    for size in ("1x2", "1x10"):
        yield (
            f"forward {size}",
            {"attn": lambda: sum(range(40_000)), "other": lambda: sum(range(10_000))},
        )
    yield "both 1x2", {"attn": lambda: [0.0] * 1_000_000}


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


@pytest.mark.usefixtures("quick")
def test_calls_take_turns() -> None:
    turns: list[str] = []
    bench.interleaved({"attn": lambda: turns.append("a"), "other": lambda: turns.append("b")})
    order = [turn for turn, before in zip(turns, ["", *turns], strict=False) if turn != before]
    assert order == ["a", "b"] * 6  # the first to see how long they take


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


@pytest.mark.usefixtures("quick")
def test_a_record_keeps_the_cases_that_were_not_measured_again(tmp_path: Path) -> None:
    script = tmp_path / "bench_x.py"
    bench.record(script, bench.measured(cases()))
    bench.record(
        script, iter([("both 1x2", {"attn": {"ms": 7.0, "ratio": [1, 1, 1], "mb": None}})])
    )
    record = tmp_path / f"bench_x.{bench.vectors()}.json"
    kept = json.loads(record.read_text("utf-8"))
    assert sorted(kept["cases"]) == ["both 1x2", "forward 1x10", "forward 1x2"]
    assert kept["cases"]["both 1x2"]["attn"]["ms"] == 7
    assert kept["about"]["versions"]["numpy"]
    bench.record(script, iter([("both 1x2", kept["cases"]["both 1x2"])]), every=True)
    assert list(json.loads(record.read_text("utf-8"))["cases"]) == ["both 1x2"]


@pytest.mark.usefixtures("quick")
def test_cases_of_another_machine_do_not_stay(tmp_path: Path) -> None:
    file = tmp_path / f"bench_x.{bench.vectors()}.json"
    elsewhere = {"about": bench.about() | {"machine": "another"}, "cases": {"both 1x9": {}}}
    file.write_text(json.dumps(elsewhere), "utf-8")
    bench.record(tmp_path / "bench_x.py", bench.measured(cases(), "both"))
    assert sorted(json.loads(file.read_text("utf-8"))["cases"]) == ["both 1x2"]


@pytest.mark.usefixtures("quick")
def test_the_beginning_of_a_name_chooses_cases() -> None:
    assert [name for name, _ in bench.measured(cases(), "both")] == ["both 1x2"]


def test_a_name_that_no_case_has_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main("bench_no_such", "both") == 1
    assert "There is no case 'both…' in a script 'bench_no_such'" in capsys.readouterr().err


def test_a_library_that_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.PEERS, "PyTorch", "no_such_library")
    assert bench.peer("PyTorch") is None


RECORD = {
    "about": {"versions": {"numpy": "2"}, "machine": "toy, 2 cores"},
    "cases": {
        "forward 1x512": {"attn": {"ms": 1.234, "ratio": [1, 1, 1], "mb": 3.0}},
        "forward 1x1024": {
            "attn": {"ms": 1234.5, "ratio": [1, 1, 1], "mb": None},
            "other": {"ms": 10.0, "ratio": [0.5, 0.4, 0.6], "mb": None},
        },
        "forward causal 1x512": {"attn": {"ms": 1.0, "ratio": [1, 1, 1], "mb": 3.0}},
    },
}


ELSEWHERE = {
    "about": {"versions": {"numpy": "3"}, "machine": "lens, 4 cores", "load": 2},
    "cases": {"forward 1x1024": {"other": {"ms": 9.0, "ratio": [2.5, 2, 3], "mb": None}}},
}


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of our own."""
    kinds = {timings.HERE: RECORD, "LENS": ELSEWHERE}
    monkeypatch.setattr(timings, "records", lambda script: kinds)


@pytest.mark.usefixtures("recorded")
def test_a_table_has_a_row_a_size_and_a_column_a_library() -> None:
    head, _, first, second = timings.timings("bench_x", "forward ").split("\n")
    assert head == "| heads × length | `attn`, ms | to other |"
    assert first == "| 1 × 512 | 1.23 | — |"
    assert second == "| 1 × 1,024 | 1,234 | **0.50** <small>0.40–0.60</small> |"


@pytest.mark.usefixtures("recorded")
def test_machines_stand_beside_each_other() -> None:
    shown = timings.on_all_machines("bench_x", "other", "forward ", "forward causal ")
    assert shown.split("\n") == [
        "| heads × length | forward | forward causal |",
        "| --- | --- | --- |",
        "| 1 × 512 | — · — | — · — |",
        "| 1 × 1,024 | 0.50 · 2.50 | — · — |",
    ]
    *_, last = timings.on_all_machines("bench_x", "other").split("\n")
    assert last == "| forward causal 1x512 | — · — |"
    assert timings.machine("bench_x", "LENS") == "lens, 4 cores, load average 2; numpy 3"


def test_without_a_record_of_our_machine_the_build_stops() -> None:
    with pytest.raises(BuildError, match="no record of 'bench_no_such' on"):
        timings.load("bench_no_such")


@pytest.mark.usefixtures("recorded")
def test_a_number_comes_by_key_and_says_its_spread() -> None:
    shown = timings.timing("bench_x", "forward 1x1024", "other")
    assert shown.startswith("[0.50](how-fast.md#machine")
    assert "quartiles 0.40 and 0.60" in shown


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


def test_the_curves_are_of_the_machine_that_the_pages_quote() -> None:
    script = (ROOT / "snippets/how-fast/fig_growth.py").read_text("utf-8")
    assert f"bench_attention.{timings.HERE}.json" in script
