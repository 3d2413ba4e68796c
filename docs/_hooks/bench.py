"""How long things take, beside other libraries: `python -m _hooks.bench [script [case]]`.

A script snippets/<page>/bench_x.py defines cases(), a generator of (name, {label: call, ...}). The
calls take no arguments and do the same; ours is labeled "attn". Other libraries are imported
inside; one that is missing is left out by `peer`, and said. What was measured is written beside
the script, as bench_x.<vectors>.json: one record for each kind of processor, and the pages show all
of them. Given the beginning of a name, those cases alone are measured again.
"""

import contextlib
import ctypes
import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import runpy
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from _hooks import whole
from _hooks.errors import ROOT

OURS = "attn"
PEERS = {"PyTorch": "torch", "JAX": "jax", "HIPS autograd": "autograd"}
ROUNDS = (3, 40)
SPAN, BUDGET = 0.1, 8.0  # seconds: of one burst of calls, of all rounds of a case
PAUSE, PATIENCE = 0.01, 2.0  # seconds: to see whether threads work, and until they must not

Call = Callable[[], Any]
Cases = Iterator[tuple[str, Mapping[str, Call]]]


def main(script: str = "bench_*", case: str = "") -> int:
    """Measure, print and record; returns the exit code."""
    missing = [name for name, module in PEERS.items() if not importlib.util.find_spec(module)]
    if missing:
        print(f"Left out, for they are not installed here: {', '.join(missing)}")
    sys.path.insert(0, str(ROOT))
    count = 0
    for path in sorted((ROOT / "snippets").glob(f"*/{script}.py")):
        print(f"\n{path.relative_to(ROOT)}")
        found = measured(runpy.run_path(str(path))["cases"](), case)
        count += record(path, found, every=not case)
    if not count:
        print(f"There is no case '{case}…' in a script '{script}'", file=sys.stderr)
    return int(not count)


def measured(cases: Cases, beginning: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each case with what was measured, by label; cases of another name are passed over."""
    for name, calls in cases:
        if name.startswith(beginning):
            found = rows(calls)
            for label, row in found.items():
                print(shown(name, label, row), flush=True)
            yield name, found


def rows(calls: Mapping[str, Call]) -> dict[str, Any]:
    """Milliseconds, the ratio of ours to theirs, megabytes, for each label."""
    rounds = interleaved(calls)
    return {label: row(label, rounds) | {"mb": memory(call)} for label, call in calls.items()}


def row(label: str, rounds: list[dict[str, float]]) -> dict[str, Any]:
    """The label's median time; of the ratios, round by round, the median and the quartiles."""
    median = statistics.median(r[label] for r in rounds)
    low, middle, high = statistics.quantiles([r[OURS] / r[label] for r in rounds], n=4)
    return {
        "ms": significant(1000 * median),
        "ratio": [significant(x) for x in (middle, low, high)],
    }


def interleaved(calls: Mapping[str, Call]) -> list[dict[str, float]]:
    """Rounds in which each call has its turn."""
    times = {label: calls_in_a_row(call) for label, call in calls.items()}
    rounds: list[dict[str, float]] = []
    start = time.perf_counter()
    while len(rounds) < ROUNDS[0] or time.perf_counter() - start < BUDGET:
        rounds.append({label: burst(call, times[label]) for label, call in calls.items()})
        if len(rounds) == ROUNDS[1]:
            break
    return rounds


def calls_in_a_row(call: Call) -> int:
    """How many make a burst, by the least time of a few; the first compiles what is compiled."""
    settle()
    return max(1, int(SPAN / min(seconds(call) for _ in range(4))))


def burst(call: Call, times: int) -> float:
    """Seconds a call, over calls in a row; a short one is not counted the first time, for it has
    threads to wake."""
    settle()
    if times > 1:
        call()
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def settle() -> None:
    """Wait until no thread works: after a call, OpenBLAS's and OpenMP's spin for up to 50 ms, and
    would take a core from whoever comes next."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        busy = time.process_time()
        time.sleep(PAUSE)
        if time.process_time() - busy < PAUSE / 10:
            return
    raise RuntimeError(f"threads still work {PATIENCE} s after their call")


def seconds(call: Call) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def memory(call: Call) -> float | None:
    """Megabytes that a call needs at most beyond what was there, its result included; None where
    the system does not tell."""
    try:
        time.sleep(0.1)  # others free what they had in threads of their own
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        before = status("VmRSS")
        kept = call()
        after = status("VmHWM")
        del kept
    except (OSError, AttributeError):
        return None
    return round(max(after - before, 0.0), 1)


def status(name: str) -> float:
    """A line of this process's status, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(x.split()[1] for x in lines if x.startswith(name))) / 1e6


def shown(name: str, label: str, row: Mapping[str, Any]) -> str:
    """A line of the table."""
    ratio = "{:.2f} ({:.2f} to {:.2f})".format(*row["ratio"])
    room = "" if row["mb"] is None else f"{row['mb']:10.1f} MB"
    return f"  {name:28}{label:26}{row['ms']:12.3f} ms   attn / this: {ratio:24}{room}"


def significant(x: float) -> float:
    """Four digits: more is noise."""
    return float(f"{x:.4g}")


def record(script: Path, found: Iterator[tuple[str, dict[str, Any]]], every: bool = False) -> int:
    """Write what was measured beside the script, case by case, and count it. Cases not measured now
    stay, unless they are of another machine or other versions, or these are `every` case."""
    file, new = script.with_suffix(f".{vectors()}.json"), {}
    cases = kept(file)
    for name, case in found:
        cases[name] = new[name] = case
        _write(file, cases)
    if every and new:
        _write(file, new)
    return len(new)


def _write(file: Path, cases: Mapping[str, Any]) -> None:
    text = json.dumps({"about": about(), "cases": cases}, indent=1, sort_keys=True)
    whole.write(file, text + "\n")


def kept(file: Path) -> dict[str, Any]:
    """The cases recorded before, if they can stand beside new ones."""
    if not file.exists():
        return {}
    old, now = json.loads(file.read_text("utf-8")), about()
    if all(old["about"][key] == now[key] for key in ("machine", "versions")):
        return dict(old["cases"])
    print("  the cases recorded before are of another machine or other versions: dropped")
    return {}


def about() -> dict[str, Any]:
    """Versions, the kind of machine (not its name), and how busy it is, ourselves included."""
    versions = {"python": platform.python_version()}
    for package in ("numpy", *PEERS.values()):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    machine = f"{processor()}, {cores} cores, {vectors()}"
    return {"versions": versions, "machine": machine, "load": load}


def processor() -> str:
    """The model of the processor where the system tells it, else its kind."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(x.split(":")[1].strip() for x in lines if x.startswith("model name"))
    return platform.machine()


def vectors() -> str:
    """The widest instructions that NumPy uses here; processors of one name may differ in them."""
    simd = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return [platform.machine(), *simd.get("baseline", []), *simd.get("found", [])][-1]


def peer(name: str) -> Any:
    """The library, or None if it is not installed: then its calls are left out."""
    return importlib.import_module(PEERS[name]) if importlib.util.find_spec(PEERS[name]) else None


def with_gradients(jax: Any, f: Callable[..., Any]) -> Callable[..., Any]:
    """What f gives, and its gradients from g: of g and f's arguments, compiled by JAX."""

    def both(g: Any, *args: Any) -> Any:
        y, back = jax.vjp(f, *args)
        return y, back(g)

    return jax.jit(both)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
