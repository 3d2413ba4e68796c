"""Experiments: a record is used as long as its code is the same; the rest is trained, on all cores.

An experiment is a script snippets/<page>/train_x.py with SEEDS = (0, 1, 2), steps(seed), which
yields (loss, params) after each step, run(seed) → named arrays, "loss" among them, and
measure(run) → named numbers. Its records are snippets/<page>/runs/train_x-<seed>.npz.

`python -m _hooks.experiments evidence` trains what is missing, `evidence-all` everything.
EVIDENCE_BACKEND chooses another backend of joblib; so does `joblib.parallel_config` around `main`.
"""

import argparse
import ast
import hashlib
import importlib
import inspect
import logging
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Self

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.externals.loky.process_executor import BrokenProcessPool
from tqdm import tqdm

from _hooks import records
from _hooks.code_key import key, modules
from _hooks.errors import ROOT, BuildError
from _hooks.records import Record, RecordError, Run

SNIPPETS = ROOT / "snippets"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
REAL = (int, float, np.number, np.bool_)
IMPORTS = threading.RLock()  # Python has one table of modules for all threads
MINUTE = 60.0  # what a run may take whose duration nothing is known about

log = logging.getLogger("mkdocs.hooks.experiments")


class Experiment(NamedTuple):
    """A script that trains, the seeds it trains with, and the key of its code."""

    script: Path
    seeds: tuple[int, ...]
    key: str

    def path(self, seed: int) -> Path:
        """Where the run of that seed is recorded."""
        return self.script.parent / "runs" / f"{self.script.stem}-{seed}.npz"


class Measured(NamedTuple):
    """A number that was measured once for each seed."""

    seeds: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median over the seeds; NaN if one of them is."""
        return float(np.median(self.values))

    @property
    def min(self) -> float:
        """The smallest over the seeds; NaN if one of them is."""
        return float(np.min(self.values))

    @property
    def max(self) -> float:
        """The largest over the seeds; NaN if one of them is."""
        return float(np.max(self.values))


Task = tuple[Experiment, int]
Recorded = dict[str, dict[int, Record]]


# What there is.


def discover(snippets: Path = SNIPPETS) -> dict[str, Experiment]:
    """All experiments by name, which must be unique over all pages."""
    return {stem: _experiment(script) for stem, script in _scripts(snippets).items()}


def _scripts(snippets: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for script in sorted(snippets.glob("**/train_*.py"), key=lambda path: path.stem):
        if script.stem in found:
            message = f"there is another {script.name} in {found[script.stem].parent.name}/"
            raise BuildError(message, script)
        found[script.stem] = script
    return found


def _experiment(script: Path) -> Experiment:
    return Experiment(script, _seeds(script), key(script))


def _seeds(script: Path) -> tuple[int, ...]:
    """SEEDS as it is written: importing the script would take its time."""
    for node in ast.parse(script.read_text("utf-8-sig")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SEEDS":
            return _literal(node, script)
    raise BuildError("says no SEEDS = (0, 1, 2)", script)


def _literal(node: ast.Assign, script: Path) -> tuple[int, ...]:
    try:
        seeds = ast.literal_eval(node.value)
    except ValueError:
        seeds = None
    whole = isinstance(seeds, tuple) and all(type(s) is int and s >= 0 for s in seeds)
    if not (whole and seeds and len(set(seeds)) == len(seeds)):
        message = f"SEEDS must be written as different whole numbers; got {ast.unparse(node.value)}"
        raise BuildError(message, script, node.lineno)
    return tuple(seeds)


def near(name: str, known: Iterable[str]) -> str:
    """The names that a wrong name may have meant, as the end of a message."""
    close = get_close_matches(name, list(known), 3, 0.5)
    return f"; did you mean {', '.join(close)}?" if close else ""


# What is recorded; what is not, is trained.


def recorded(experiment: Experiment, seed: int) -> Record:
    """The run of that seed as this code made it, or RecordError."""
    record = records.load(experiment.path(seed))
    if record.key != experiment.key:
        raise RecordError("the record is of other code")
    if record.seed != seed:
        raise RecordError(f"the record is of seed {record.seed}")
    return record


def missing(experiments: Iterable[Experiment]) -> list[Task]:
    """The runs that have no record of this code; why is said in one line each."""
    tasks = []
    for experiment in experiments:
        for seed in experiment.seeds:
            try:
                recorded(experiment, seed)
            except RecordError as reason:
                log.info("%s, seed %d: %s; training", experiment.script.stem, seed, reason)
                tasks.append((experiment, seed))
    return tasks


def train_missing(snippets: Path = SNIPPETS) -> list[Task]:
    """Train every run without a record, all of them side by side; call it first in a build."""
    tasks = missing(discover(snippets).values())
    train(tasks)
    return tasks


def complete(stem: str, snippets: Path = SNIPPETS) -> dict[int, Record]:
    """The record of every seed of an experiment, trained now where there was none."""
    known = _scripts(snippets)
    if stem not in known:
        raise BuildError(f"there is no experiment '{stem}'{near(stem, known)}")
    experiment = _experiment(known[stem])
    train(missing([experiment]))
    found = {seed: recorded(experiment, seed) for seed in experiment.seeds}
    _check_names(found, known[stem])
    return found


def _check_names(found: Mapping[int, Record], script: Path) -> None:
    names = [set(record.measured) for record in found.values()]
    odd = set().union(*names) - names[0].intersection(*names)
    if odd:
        raise BuildError(f"measure gives {', '.join(sorted(odd))} for some seeds only", script)


def runs(stem: str, snippets: Path = SNIPPETS) -> dict[int, Run]:
    """The arrays of every seed, for a figure."""
    return {seed: record.run for seed, record in complete(stem, snippets).items()}


def fingerprint(stem: str, snippets: Path = SNIPPETS) -> str:
    """SHA-256 over the arrays and numbers of all seeds: the same as long as no result changes."""
    digests = [(seed, record.digest) for seed, record in complete(stem, snippets).items()]
    return hashlib.sha256(repr(digests).encode()).hexdigest()


def measured(name: str, snippets: Path = SNIPPETS) -> Measured:
    """The number `stem.name`, as `measure` of that experiment names it."""
    stem = name.partition(".")[0]
    known = measures({stem: complete(stem, snippets)})
    if name not in known:
        raise BuildError(f"'{name}' is not measured{near(name, known)}")
    return known[name]


def all_measured(snippets: Path = SNIPPETS) -> dict[str, Measured]:
    """Every measured number of the book, by `stem.name`."""
    return measures({stem: complete(stem, snippets) for stem in discover(snippets)})


def measures(found: Mapping[str, Mapping[int, Record]]) -> dict[str, Measured]:
    """Stem → seed → record, turned into `stem.name` → the values of all seeds that have one.

    What a run took on one core is among them, as `stem.seconds`.
    """
    table: dict[str, dict[int, float]] = {}
    for stem, by_seed in found.items():
        for seed, record in by_seed.items():
            for name, value in {**record.measured, "seconds": record.seconds}.items():
                table.setdefault(f"{stem}.{name}", {})[seed] = value
    return {name: Measured(tuple(by), tuple(by.values())) for name, by in table.items()}


# Training: the worker makes a record, the caller alone writes it.


def train(tasks: Sequence[Task]) -> None:
    """Train all tasks, the longest first; a record replaces the one before when it is complete."""
    if not tasks:
        return
    expected = _expected(tasks)
    order = sorted(tasks, key=lambda task: -expected[task])
    with _backend(), _one_thread_each():
        workers = Parallel(n_jobs=-1, return_as="generator_unordered")
        with _deaf_to_interrupts():
            results = workers(delayed(work)(*task) for task in order)
        with Progress(sum(expected.values()), min(effective_n_jobs(-1), len(tasks))) as progress:
            try:
                for experiment, record in results:
                    records.save(experiment.path(record.seed), record)
                    progress.finish(experiment, record, expected[experiment, record.seed])
            except BrokenProcessPool as error:
                raise BuildError("a worker was killed: too little memory?") from error
            finally:
                _end(results)


def _end(results: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib warns that tasks are canceled: they are to be
        results.close()


def _expected(tasks: Iterable[Task]) -> dict[Task, float]:
    """How long each run takes: as it took when it was recorded, else as the others did."""
    last = {task: _seconds(task) for task in tasks}
    known = [seconds for seconds in last.values() if seconds]
    usual = float(np.median(known)) if known else MINUTE
    return {task: seconds or usual for task, seconds in last.items()}


def _seconds(task: Task) -> float | None:
    experiment, seed = task
    try:
        return records.load(experiment.path(seed)).seconds
    except RecordError:
        return None


def _backend() -> AbstractContextManager[Any]:
    name = os.environ.get("EVIDENCE_BACKEND")
    return parallel_config(name) if name else nullcontext()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Workers that start here have a BLAS of one thread: there are as many workers as cores."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Workers that start here never answer Ctrl-C: the caller alone does, and ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python sets signals from the main thread alone; the workers will be noisy
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def work(experiment: Experiment, seed: int) -> tuple[Experiment, Record]:
    """Make the record of one run, in a worker."""
    script = experiment.script
    start = time.perf_counter()
    with loaded(script) as module, blamed(script, seed):
        run = {name: np.asarray(array) for name, array in module.run(seed).items()}
        _check_run(run, module, seed)
        found = module.measure(run)
        _check_numbers(found, module, seed)
        numbers = {name: float(value) for name, value in found.items()}
    if key(script) != experiment.key:
        raise BuildError("its code changed while it was training; start again", script)
    return experiment, records.made(experiment.key, seed, run, numbers, time.perf_counter() - start)


def _check_run(run: Run, module: ModuleType, seed: int) -> None:
    kinds = {name: array.dtype.kind for name, array in run.items()}
    wrong = [
        name for name, kind in kinds.items() if kind not in "biufU" or name in records.RESERVED
    ]
    if wrong or "loss" not in run:
        what = f"cannot record {', '.join(wrong)}" if wrong else "has no 'loss'"
        raise BuildError(f"run({seed}) {what}", module.__file__, _line(module.run))


def _check_numbers(found: Mapping[str, Any], module: ModuleType, seed: int) -> None:
    wrong = [name for name, value in found.items() if not isinstance(value, REAL)]
    if wrong:
        message = f"measure of run({seed}): {', '.join(wrong)} must be a number"
        raise BuildError(message, module.__file__, _line(module.measure))


def _line(function: Any) -> int:
    return int(inspect.unwrap(function).__code__.co_firstlineno)


@contextmanager
def loaded(script: Path) -> Iterator[ModuleType]:
    """The script as a module, from the files as they are now."""
    with imported_anew(script):
        module = sys.modules[script.stem] = ModuleType(script.stem)
        module.__file__ = str(script)
        with blamed(script):
            exec(compile(script.read_bytes(), str(script), "exec"), module.__dict__)
            _ = module.steps, module.run, module.measure
        yield module


@contextmanager
def imported_anew(script: Path) -> Iterator[None]:
    """Within, the script and what it imports come from the files as they are now, whatever was
    imported before: `mkdocs serve` is one process for many versions of them."""
    names = [name or script.stem for name in modules(script)]
    with IMPORTS, _without(names):
        sys.path[:0] = [str(script.parent), str(script.parents[2])]
        yield


@contextmanager
def _without(names: list[str]) -> Iterator[None]:
    path = list(sys.path)
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


@contextmanager
def blamed(script: Path, seed: int | None = None) -> Iterator[None]:
    """What a script raises, as one message with its line, and with the seed if one was running."""
    try:
        yield
    except BuildError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame.lineno for frame in frames if frame.filename == str(script)]
        inner = Path(frames[-1].filename)
        inside = inner != script and inner.is_relative_to(script.parents[2])
        where = f" in {inner.relative_to(script.parents[2])}:{frames[-1].lineno}" if inside else ""
        when = "" if seed is None else f" (seed {seed})"
        message = f"{type(error).__name__}{where}: {error}{when}"
        raise BuildError(message, script, own[-1] if own else None) from error


class Progress:
    """A bar weighted by how long each run took before; it moves between results too."""

    def __init__(self, expected: float, jobs: int) -> None:
        style = "training {percentage:3.0f}% |{bar}| {elapsed} so far, {remaining} left"
        self.bar: tqdm[Any] = tqdm(total=expected, bar_format=style, smoothing=0, disable=None)
        self.jobs, self.done, self.took, self.start = jobs, 0.0, 0.0, time.perf_counter()
        self.over = threading.Event()
        self.ticks = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        self.ticks.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.ticks.join()
        self.bar.close()

    def finish(self, experiment: Experiment, record: Record, expected: float) -> None:
        """Count a run that is recorded."""
        self.done += expected
        self.took += record.seconds
        name = experiment.script.stem
        line = f"trained {name}, seed {record.seed}, in {record.seconds:.0f} s; {self.left()} left"
        self.bar.write(line, file=sys.stderr)

    def left(self) -> str:
        """The time left, as far as the finished runs tell: at most."""
        pace = self.took / self.done
        return str(tqdm.format_interval((self.bar.total - self.done) * pace / self.jobs))

    def _tick(self) -> None:
        while not self.over.wait(1.0):
            pace = self.took / self.done if self.done else 1.0
            reached = (time.perf_counter() - self.start) * self.jobs / pace
            self.bar.n = min(max(reached, self.done), 0.99 * self.bar.total)
            self.bar.refresh()


# The commands.


def report(before: Mapping[str, Measured], now: Mapping[str, Measured]) -> str:
    """How far each measured number moved, with its spread over the seeds."""
    lines = ["", "measured number: before → now, median (smallest to largest) over the seeds"]
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        moved = f"  moved {new.median - old.median:+.3g}" if old and new else ""
        lines.append(f"  {name}: {_spread(old)} → {_spread(new)}{moved}")
    return "\n".join(lines)


def _spread(number: Measured | None) -> str:
    return f"{number.median:.4g} ({number.min:.4g} to {number.max:.4g})" if number else "none"


def _readable(experiment: Experiment) -> dict[int, Record]:
    """The records as they are, of whatever code."""
    found = {}
    for seed in experiment.seeds:
        try:
            found[seed] = records.load(experiment.path(seed))
        except RecordError:
            continue
    return found


def _command(everything: bool, snippets: Path) -> None:
    experiments = discover(snippets)
    before = measures({stem: _readable(e) for stem, e in experiments.items()})
    every = [(e, seed) for e in experiments.values() for seed in e.seeds]
    tasks = every if everything else missing(experiments.values())
    train(tasks)
    print(report(before, all_measured(snippets)) if tasks else "every run is recorded")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train from the command line; the exit code is 1 after a defect, 130 after an interrupt."""
    parser = argparse.ArgumentParser(prog="experiments", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("command", choices=("evidence", "evidence-all"))
    parser.add_argument("--snippets", type=Path, default=SNIPPETS, help="the folder to look in")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        _command(options.command == "evidence-all", options.snippets.resolve())
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\ninterrupted: every finished run is recorded, the others are as before",
            file=sys.stderr,
        )
        return 130
    return 0


if __name__ == "__main__":
    from _hooks.experiments import (
        main as named,
    )  # by its name, so that workers can find its functions

    sys.exit(named())
