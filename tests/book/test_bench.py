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
    kept = json.loads((tmp_path / "bench_x.json").read_text("utf-8"))
    assert sorted(kept["cases"]) == ["both 1x2", "forward 1x10", "forward 1x2"]
    assert kept["cases"]["both 1x2"]["attn"]["ms"] == 7
    assert kept["about"]["versions"]["numpy"]


@pytest.mark.usefixtures("quick")
def test_cases_of_another_machine_do_not_stay(tmp_path: Path) -> None:
    file = tmp_path / "bench_x.json"
    elsewhere = {"about": bench.about() | {"machine": "another"}, "cases": {"both 1x9": {}}}
    file.write_text(json.dumps(elsewhere), "utf-8")
    bench.record(file.with_suffix(".py"), bench.measured(cases(), "both"))
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


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of our own."""
    monkeypatch.setattr(timings, "load", lambda script: RECORD)


@pytest.mark.usefixtures("recorded")
def test_a_table_has_a_row_a_size_and_a_column_a_library() -> None:
    head, _, first, second = timings.timings("bench_x", "forward ").split("\n")
    assert head == "| heads × length | `attn`, ms | to other |"
    assert first == "| 1 × 512 | 1.23 | — |"
    assert second == "| 1 × 1,024 | 1,234 | **0.50** <small>0.40–0.60</small> |"


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
    ],
)
def test_what_is_not_recorded_stops_the_build(key: tuple[str, ...], message: str) -> None:
    with pytest.raises(BuildError, match=message):
        timings.timing("bench_x", *key)


def test_every_benchmark_has_its_record() -> None:
    scripts = sorted((ROOT / "snippets").glob("*/bench_*.py"))
    assert scripts
    for script in scripts:
        cases = json.loads(script.with_suffix(".json").read_text("utf-8"))["cases"]
        for case in cases.values():
            assert all(math.isfinite(row["ms"]) and row["ms"] > 0 for row in case.values())
            assert case["attn"]["ratio"] == [1, 1, 1]
