"""How long things take, beside other libraries: `python -m _hooks.bench [script [case]]`.

A script snippets/<page>/bench_x.py defines cases(), a generator of (name, {label: call, ...},
{label: view, ...}). The calls take no arguments; ours is labeled "attn". A view makes of what its
call returns what ours returns: those that have one are compared before they are timed. Other
libraries are imported inside; one that is missing is left out by `peer`, and said.

What was measured is written beside the script, as bench_x.<vectors>.json: one record for each kind
of processor, and the pages show all of them. Given the beginning of a name, those cases alone are
measured again. Each case has the key of the code that ran, so the pages can say which are older.
"""

import contextlib
import ctypes
import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import random
import runpy
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from _hooks import code_key, whole
from _hooks.errors import ROOT

OURS = "attn"
PEERS = {"PyTorch": "torch", "JAX": "jax", "HIPS autograd": "autograd"}
ROUNDS = (9, 40)
SLOW, EVERY = 3, 2  # whose turn takes so many times as long as ours has one in every second round
SPAN, BUDGET = 0.1, 10.0  # seconds: of one burst of calls, of all rounds of a case
PAUSE, PATIENCE = 0.01, 2.0  # seconds: to see whether threads work, and until they must not
CLOSE, ROUNDED = 1e-3, 1e-6  # may differ: of the largest number, and where all should be 0

Call = Callable[[], Any]
View = Callable[[Any], Any]
Views = Mapping[str, View]
Cases = Iterator[tuple[str, Mapping[str, Call], Views]]


def main(script: str = "bench_*", case: str = "") -> int:
    """Measure, print and record; returns the exit code."""
    missing = [name for name, module in PEERS.items() if not importlib.util.find_spec(module)]
    if missing:
        print(f"Left out, for they are not installed here: {', '.join(missing)}")
    sys.path.insert(0, str(ROOT))
    paths, count = sorted((ROOT / "snippets").glob(f"*/{script}.py")), 0
    # All are imported now: whoever edits the code meanwhile changes neither them nor their keys.
    loaded = [(path, code_key.key(path), runpy.run_path(str(path))) for path in paths]
    for path, key, names in loaded:
        print(f"\n{path.relative_to(ROOT)}")
        count += record(path, key, measured(names["cases"](), case), every=not case)
    if not count:
        print(f"There is no case '{case}…' in a script '{script}'", file=sys.stderr)
    return int(not count)


def measured(cases: Cases, beginning: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each case with what was measured, by label; cases of another name are passed over."""
    for name, calls, views in cases:
        if name.startswith(beginning):
            compare(name, calls, views)
            found = rows(calls, views)
            for label, row in found.items():
                print(shown(name, label, row), flush=True)
            yield name, found


def compare(name: str, calls: Mapping[str, Call], views: Views) -> None:
    """Call once those that have a view: they must return what ours returns.

    Raises: ValueError if one does not.
    """
    others = [label for label in calls if label in views and label != OURS]
    ours = arrays(views[OURS](calls[OURS]())) if others else []
    for label in others:
        theirs = arrays(views[label](calls[label]()))
        if len(theirs) != len(ours) or not all(map(close, theirs, ours)):
            raise ValueError(f"{name}: {label} does not compute what {OURS} computes")


def as_it_is(result: Any) -> Any:
    """The view of a call that returns what ours returns, or of ours."""
    return result


def arrays(result: Any) -> list[Any]:
    """All that are in a result, of whatever library; those of a dict in the order of its keys."""
    if isinstance(result, Mapping):
        result = [result[key] for key in sorted(result)]
    if isinstance(result, list | tuple):
        return [x for part in result for x in arrays(part)]
    return [np.asarray(result.detach() if hasattr(result, "detach") else result)]


def close(x: Any, y: Any) -> bool:
    """Whether two arrays differ by rounding alone."""
    return x.shape == y.shape and np.allclose(x, y, 0, CLOSE * np.abs(y).max() + ROUNDED)


def rows(calls: Mapping[str, Call], views: Views) -> dict[str, Any]:
    """For each label milliseconds, the ratio of ours to theirs, the rounds, megabytes, and whether
    its result was compared."""
    rounds = interleaved(calls)
    return {
        label: row(label, rounds) | {"mb": memory(call), "compared": label in views}
        for label, call in calls.items()
    }


def row(label: str, rounds: list[dict[str, float]]) -> dict[str, Any]:
    """The label's median time; of the ratios, round by round, the median and the quartiles."""
    taken = [r for r in rounds if label in r]
    low, middle, high = statistics.quantiles([r[OURS] / r[label] for r in taken], n=4)
    return {
        "ms": significant(1000 * statistics.median(r[label] for r in taken)),
        "ratio": [significant(x) for x in (middle, low, high)],
        "rounds": len(taken),
    }


def interleaved(calls: Mapping[str, Call]) -> list[dict[str, float]]:
    """Rounds in which each call has its turn; in every second one those that are slow have none.

    The order is drawn for each round: else one would always come after what another left behind.
    """
    times = {label: calls_in_a_row(call) for label, call in calls.items()}
    order = random.Random(0)
    rounds: list[dict[str, float]] = []
    start = time.perf_counter()
    while len(rounds) < ROUNDS[0] or time.perf_counter() - start < BUDGET:
        everyone = len(rounds) % EVERY == 0
        due = [label for label in calls if everyone or not slow(label, times, rounds)]
        rounds.append({x: burst(calls[x], times[x]) for x in order.sample(due, len(due))})
        if len(rounds) == ROUNDS[1]:
            break
    return rounds


def slow(label: str, times: Mapping[str, int], rounds: list[dict[str, float]]) -> bool:
    """Whether the label's shortest turn so far took that much longer than ours."""
    theirs, ours = (times[x] * min(r[x] for r in rounds if x in r) for x in (label, OURS))
    return theirs > SLOW * ours


def calls_in_a_row(call: Call) -> int:
    """How many make a burst, by the least time of a few; the first compiles what is compiled."""
    settle()
    seconds(call)
    least = seconds(call)
    if least < SPAN:
        least = min(least, seconds(call), seconds(call))
    return max(1, int(SPAN / least))


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
    the system does not tell. What a library takes from pages that it kept is not seen: JAX does so
    while arrays are small."""
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
    took = f"{row['ms']:12.3f} ms{row['rounds']:4} rounds"
    return f"  {name:28}{label:26}{took}   attn / this: {ratio:24}{room}"


def significant(x: float) -> float:
    """Four digits: more is noise."""
    return float(f"{x:.4g}")


def record(
    script: Path, key: str, found: Iterator[tuple[str, dict[str, Any]]], every: bool = False
) -> int:
    """Write what was measured beside the script, case by case, and count it. Cases not measured now
    stay with the key of their code, unless they are of another machine, other versions or threads,
    or these are `every` case."""
    file, new = script.with_suffix(f".{vectors()}.json"), []
    written = kept(file)
    for name, case in found:
        written["cases"][name] = case
        written["made"][name] = {"key": key, "load": load()}
        new.append(name)
        _write(file, written)
    if every and new:
        parts = {part: {name: written[part][name] for name in new} for part in ("cases", "made")}
        _write(file, written | parts)
    return len(new)


def _write(file: Path, written: Mapping[str, Any]) -> None:
    whole.write(file, json.dumps(written, indent=1) + "\n")


def kept(file: Path) -> dict[str, Any]:
    """What was recorded before, if it can stand beside new cases; else a record without cases."""
    now = {"about": about(), "cases": {}, "made": {}}
    if not file.exists():
        return now
    old = json.loads(file.read_text("utf-8"))
    if old["about"] == now["about"]:
        return dict(old)
    print("  the cases recorded before are of another machine, other versions or threads: dropped")
    return now


def about() -> dict[str, Any]:
    """The kind of machine (not its name), the system, versions, and how many threads each has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "machine": f"{processor()}, {cores} cores, {vectors()}",
        "system": " ".join((platform.system(), *platform.libc_ver())).strip(),
        "versions": versions(),
        "threads": threads(),
    }


def versions() -> dict[str, str]:
    """Of Python, and of the packages that are there."""
    found = {"python": platform.python_version()}
    for package in ("numpy", "threadpoolctl", *PEERS.values(), "jaxlib"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def threads() -> dict[str, int]:
    """Of NumPy's library of linear algebra, with its version, and of PyTorch; JAX does not tell."""
    found = {}
    if importlib.util.find_spec("threadpoolctl"):
        for pool in importlib.import_module("threadpoolctl").threadpool_info():
            if pool["user_api"] == "blas":
                names = pool["internal_api"], pool["version"], pool.get("architecture")
                found[" ".join(filter(None, names))] = pool["num_threads"]
    if torch := peer("PyTorch"):
        found["PyTorch"] = torch.get_num_threads()
    return found


def load() -> float | None:
    """How many wanted a core in the last minute, ourselves included; None where it is unknown."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


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
