import errno
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import joblib
import numpy as np
import pytest
from _hooks import experiments, records
from _hooks.code_key import code, key
from _hooks.errors import ROOT, BuildError
from _hooks.records import RecordError

BOOK = experiments.discover()
FAST = 5.0  # seconds: experiments up to here are run whole by the tests

SCRIPT = '''"""Where the ball lands."""

import numpy as np

from toy.ops.halve import halve

SEEDS = (0, 1, 2)


def steps(seed):
    """Yield loss and parameters."""
    rng = np.random.default_rng(seed)
    for _ in range(12):
        yield halve(rng.random()), {}


def run(seed):
    return {"loss": np.array([loss for loss, _ in steps(seed)]), "words": np.array(["le", "chat"])}


def measure(run):
    return {"last": run["loss"][-1], "count": 2}
'''

HALVE = """from toy.ops.scale import scale


def halve(x):
    return scale(x, 0.5)
"""

SCALE = "def scale(x, factor):\n    return x * factor\n"


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Training here is quick; the tests that are about workers take this back."""
    monkeypatch.setenv("EVIDENCE_BACKEND", "sequential")


@pytest.fixture
def snippets(tmp_path):
    """A small book: one experiment, a package that it uses."""
    files = {
        "snippets/page/train_toy.py": SCRIPT,
        "toy/__init__.py": "",
        "toy/ops/__init__.py": "",
        "toy/ops/halve.py": HALVE,
        "toy/ops/scale.py": SCALE,
        "toy/ops/other.py": "x = 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "snippets"


@pytest.fixture
def script(snippets):
    return snippets / "page" / "train_toy.py"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def contents(snippets):
    return {path.name: path.read_bytes() for path in (snippets / "page" / "runs").iterdir()}


def refused(call, *args):
    with pytest.raises(BuildError) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    return caught.value


# The key.


def test_words_about_the_code_do_not_change_the_key(script):
    before = key(script)
    edit(
        script,
        '"""Where the ball lands."""',
        '"""Another sentence.\n\nAnd more: é."""  # a note\n\n',
    )
    edit(script, '    """Yield loss and parameters."""\n', "    # nothing\n\n\n")
    edit(script, "range(12):", "range(12):  # é, a dozen   ")
    edit(script.parents[2] / "toy/ops/scale.py", "    return", '    """Scale."""\n\n    return')
    assert key(script) == before


def test_line_ends_do_not_change_the_key(script):
    before = key(script)
    script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))
    assert key(script) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("snippets/page/train_toy.py", "12", "13"),
        ("snippets/page/train_toy.py", '"le"', '"la"'),
        ("toy/ops/halve.py", "0.5", "0.25"),
        ("toy/ops/scale.py", "*", "/"),
    ],
)
def test_a_change_of_any_code_that_runs_changes_the_key(script, file, old, new):
    before = key(script)
    edit(script.parents[2] / file, old, new)
    assert key(script) != before


@pytest.mark.parametrize("package", ["toy", "toy/ops"])
def test_a_change_of_a_package_changes_the_key(script, package):
    before = key(script)
    (script.parents[2] / package / "__init__.py").write_text("y = 2\n")
    assert key(script) != before


def test_code_that_is_not_imported_does_not_change_the_key(script):
    before = key(script)
    edit(script.parents[2] / "toy/ops/other.py", "1", "2")
    assert key(script) == before


@pytest.mark.parametrize(
    "statement",
    [
        "from toy.ops import other",
        "import toy.ops.other",
        "def f():\n    from toy.ops.other import x",
    ],
)
def test_every_form_of_import_is_followed(script, statement):
    edit(script, "import numpy as np", f"{statement}\nimport numpy as np")
    before = key(script)
    edit(script.parents[2] / "toy/ops/other.py", "1", "2")
    assert key(script) != before


def test_a_relative_import_is_followed(script):
    edit(script.parents[2] / "toy/ops/halve.py", "from toy.ops.scale", "from .scale")
    before = key(script)
    edit(script.parents[2] / "toy/ops/scale.py", "*", "/")
    assert key(script) != before


def test_a_neighbor_of_the_script_is_followed(script):
    (script.parent / "shared.py").write_text("a = 1\n")
    edit(script, "import numpy", "import shared\nimport numpy")
    before = key(script)
    edit(script.parent / "shared.py", "1", "2")
    assert key(script) != before


def test_the_code_is_cut_the_same_way_by_every_python():
    text = (
        '"""Doc."""  # c\nx = 1  # d\n\n\n@f\nclass A:\n    """D.\n\n    E.\n    """\n\n'
        '    b: int\n    "note"\n'
        's = """a  \n\n  # no comment\n"""   \nt = f"{x:#x} # é"; u = "é"  # é\n'
        'if x: """gone"""; y = 2\n'
    )
    assert code(text) == (
        'x = 1\n@f\nclass A:\n    b: int\ns = """a  \n\n  # no comment\n"""\n'
        't = f"{x:#x} # é"; u = "é"\nif x: ; y = 2'
    )


def test_code_that_is_no_python_is_refused_at_its_line(script):
    edit(script.parents[2] / "toy/ops/scale.py", "    return", "    retrun x x")
    error = refused(key, script)
    assert (Path(error.file).name, error.line) == ("scale.py", 2)


# Records.


def record(seed=0, **changes):
    run = {"loss": np.linspace(1, 0, 50, dtype="float32"), "words": np.array(["é", "chat"])}
    return records.made("k" * 64, seed, run, {"a": 0.5, "nan": float("nan")}, 3.0)._replace(
        **changes
    )


def same(a, b):
    return repr(a._replace(run={})) == repr(b._replace(run={}))


def test_a_record_comes_back_as_it_was(tmp_path):
    path = tmp_path / "runs" / "train_x-0.npz"
    records.save(path, record())
    assert same(records.load(path), record())
    assert records.load(path).run["loss"].dtype == np.float32


def test_a_record_is_the_same_bytes_each_time(tmp_path):
    for name in ("a", "b"):
        records.save(tmp_path / name, record())
        time.sleep(2.1)  # a zip file counts in steps of two seconds
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_record_names_no_machine(tmp_path):
    assert re.fullmatch(r"\w+, \d+ processors", record().machine)
    assert os.uname().nodename not in record().machine


def test_what_is_loaded_cannot_be_changed(tmp_path):
    records.save(tmp_path / "a", record())
    with pytest.raises(ValueError, match="read-only"):
        records.load(tmp_path / "a").run["loss"][0] = 7


def test_a_damaged_file_is_no_record_or_says_the_same(tmp_path):
    path = tmp_path / "a.npz"
    records.save(path, record())
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    refusals = 0
    for n in range(400):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged[: rng.integers(len(whole))] if n % 4 == 0 else damaged)
        try:
            assert same(records.load(path), record())
        except RecordError:
            refusals += 1
    assert refusals > 200


def npz(path, **arrays):
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("not a record"),
        lambda path: path.mkdir(),
        lambda path: np.save(path.open("wb"), np.zeros(3)),
        lambda path: npz(path, loss=np.zeros(3)),
        lambda path: npz(path, loss=np.zeros(3), about=np.array("{}")),
        lambda path: npz(path, loss=np.zeros(3), about=np.array("[")),
        lambda path: npz(path, loss=np.array([{}]), about=np.array("{}")),
        lambda path: records.save(path, records.made("k", 0, {"a": np.zeros(3)}, {}, 1.0)),
        lambda path: records.save(path, record(measured={"a": "high"})),
        lambda path: records.save(path, record(measured=[1.0])),
        lambda path: records.save(path, record(seconds=None)),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_of_another_kind_is_no_record(tmp_path, write):
    path = tmp_path / "a.npz"
    write(path)
    with pytest.raises(RecordError, match="cannot be read"):
        records.load(path)


class Bomb:
    """What pickle would run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_in_a_record_is_ever_run(tmp_path):
    npz(tmp_path / "a.npz", loss=np.array([Bomb(tmp_path / "bang")]))
    with pytest.raises(RecordError, match="allow_pickle"):
        records.load(tmp_path / "a.npz")
    assert not (tmp_path / "bang").exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_earlier_record(tmp_path, monkeypatch, code, call):
    def full(*_):
        raise OSError(code, os.strerror(code))

    path = tmp_path / "runs" / "a.npz"
    records.save(path, record())
    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), full)
    error = refused(records.save, path, record(seconds=9.0))
    assert os.strerror(code) in str(error)
    assert records.load(path).seconds == 3.0
    assert [p.name for p in path.parent.iterdir()] == ["a.npz"]


# Experiments.


def test_what_is_missing_is_trained_once(snippets, script):
    first = experiments.runs("train_toy", snippets)
    assert list(first) == [0, 1, 2]
    assert first[1]["loss"].shape == (12,)
    before = contents(snippets)
    assert sorted(before) == [f"train_toy-{seed}.npz" for seed in range(3)]
    experiments.runs("train_toy", snippets)
    assert experiments.train_missing(snippets) == []
    assert contents(snippets) == before


def test_a_better_docstring_does_not_train_again(snippets, script):
    experiments.train_missing(snippets)
    edit(script, "Where the ball lands.", "Where the ball falls.")
    assert experiments.train_missing(snippets) == []


def test_other_code_trains_again_with_the_code_as_it_is_now(snippets, script, caplog):
    caplog.set_level("INFO")
    before = experiments.measured("train_toy.last", snippets)
    edit(script.parents[2] / "toy/ops/halve.py", "0.5", "0.125")
    now = experiments.measured("train_toy.last", snippets)
    assert now.values == tuple(value / 4 for value in before.values)
    assert "train_toy, seed 0: the record is of other code; training" in caplog.messages


def test_a_damaged_record_is_trained_again_and_says_so(snippets, caplog):
    caplog.set_level("INFO")
    before = experiments.runs("train_toy", snippets)
    (snippets / "page/runs/train_toy-1.npz").write_bytes(b"PK nonsense")
    caplog.clear()
    now = experiments.runs("train_toy", snippets)
    assert np.array_equal(before[1]["loss"], now[1]["loss"])
    assert len(caplog.messages) == 1
    assert "train_toy, seed 1: the record cannot be read" in caplog.messages[0]


def test_a_record_of_another_seed_is_trained_again(snippets, caplog):
    caplog.set_level("INFO")
    before = experiments.runs("train_toy", snippets)
    shutil.copy(snippets / "page/runs/train_toy-0.npz", snippets / "page/runs/train_toy-1.npz")
    now = experiments.runs("train_toy", snippets)
    assert np.array_equal(before[1]["loss"], now[1]["loss"])
    assert "train_toy, seed 1: the record is of seed 0; training" in caplog.messages


def test_what_is_measured_has_a_value_for_each_seed(snippets):
    found = experiments.measured("train_toy.last", snippets)
    losses = [run["loss"][-1] for run in experiments.runs("train_toy", snippets).values()]
    assert found == ((0, 1, 2), tuple(losses))
    assert (found.min, found.median, found.max) == tuple(sorted(losses))
    assert experiments.all_measured(snippets)["train_toy.last"] == found


def test_a_number_that_some_seeds_lack_is_refused(snippets, script):
    edit(script, '"count": 2}', '**({"odd": 1} if run["loss"][0] > 0.2 else {})}')
    assert "measure gives odd for some seeds only" in str(
        refused(experiments.runs, "train_toy", snippets)
    )


def test_a_run_is_expected_to_take_as_long_as_it_took(snippets, script):
    experiments.train_missing(snippets)
    (toy,) = experiments.discover(snippets).values()
    for seed, seconds in ((0, 10.0), (1, 40.0)):
        records.save(toy.path(seed), records.load(toy.path(seed))._replace(seconds=seconds))
    toy.path(2).unlink()
    expected = experiments._expected([(toy, 0), (toy, 1), (toy, 2)])
    assert list(expected.values()) == [10.0, 40.0, 25.0]


def test_one_nan_makes_the_aggregate_nan():
    found = experiments.Measured((0, 1, 2), (1.0, float("nan"), 2.0))
    assert np.isnan([found.min, found.median, found.max]).all()


def test_the_fingerprint_changes_with_the_results_alone(snippets, script):
    before = experiments.fingerprint("train_toy", snippets)
    edit(script, "SEEDS = (0, 1, 2)", "SEEDS = (0, 1, 2)\nUNUSED = 1")
    assert experiments.fingerprint("train_toy", snippets) == before
    edit(script, '"count": 2', '"count": 3')
    assert experiments.fingerprint("train_toy", snippets) != before


@pytest.mark.parametrize("name", ["train_toi.last", "train_toy.lost"])
def test_an_unknown_name_suggests_the_known(snippets, name):
    assert re.search(r"did you mean train_toy", str(refused(experiments.measured, name, snippets)))


def test_two_experiments_of_one_name_are_refused(snippets, script):
    (snippets / "other").mkdir()
    shutil.copy(script, snippets / "other")
    assert "another train_toy.py" in str(refused(experiments.discover, snippets))


@pytest.mark.parametrize(
    "seeds", ["()", "(0, 0)", "[0]", "range(3)", "(0, 1.5)", "(-1,)", "(True,)"]
)
def test_seeds_that_are_no_whole_numbers_are_refused_at_their_line(snippets, script, seeds):
    edit(script, "(0, 1, 2)", seeds)
    assert refused(experiments.discover, snippets).line == 7


def test_a_script_without_seeds_is_refused(snippets, script):
    edit(script, "SEEDS", "seeds")
    assert "SEEDS" in str(refused(experiments.discover, snippets))


@pytest.mark.parametrize("name", ["steps", "run", "measure"])
def test_a_script_that_lacks_a_function_is_refused_before_it_trains(snippets, script, name):
    edit(script, f"def {name}(", f"def un{name}(")
    error = refused(experiments.train_missing, snippets)
    assert f"'{name}'" in error.message
    assert "(seed" not in error.message  # before any training


@pytest.mark.parametrize(
    ("old", "new", "says", "line"),
    [
        ("import numpy as np", "import numpy as np, nothing", "ModuleNotFoundError", 3),
        ("rng.random()", "{}['x']", "KeyError: 'x' (seed 0)", 14),
        ("rng.random()", "None", "TypeError in toy/ops/scale.py:2", 14),
        ("rng.random()", "exit('bye')", "SystemExit: bye (seed 0)", 14),
        ('"count": 2', '"count": "two"', "count must be a number", 21),
        ('"count": 2', '"count": [2]', "count must be a number", 21),
        ('"loss": np.array(', '"lass": np.array(', "run(0) has no 'loss'", 17),
        ('np.array(["le", "chat"])', "np.array([None])", "cannot record words", 17),
        ('"words"', '"about"', "cannot record about", 17),
        ('"words"', '"file"', "cannot record file", 17),
    ],
)
def test_a_script_that_fails_is_named_with_its_line_and_seed(
    snippets, script, old, new, says, line
):
    edit(script, old, new)
    error = refused(experiments.train_missing, snippets)
    assert says in str(error)
    assert Path(error.file) == script
    assert error.line == line
    assert not (snippets / "page/runs").exists()


def test_code_that_changes_while_it_trains_is_not_recorded(snippets, script):
    edit(
        script,
        "def run(seed):",
        "def run(seed):\n    with open(__file__, 'a') as f:\n        f.write('x = 1\\n')",
    )
    assert "changed while" in str(refused(experiments.train_missing, snippets))
    assert not (snippets / "page/runs").exists()


def test_loading_a_script_leaves_python_as_it_was(script, monkeypatch):
    monkeypatch.setitem(sys.modules, "toy", other := ModuleType("toy"))
    modules, path = set(sys.modules), list(sys.path)
    with experiments.loaded(script) as module:
        assert module.halve(1) == 0.5
    assert (set(sys.modules) - modules, sys.path) == (set(), path)
    assert sys.modules["toy"] is other


# Workers.


@pytest.fixture
def in_workers(monkeypatch):
    monkeypatch.delenv("EVIDENCE_BACKEND")


FOUND = """
def found():
    import os, signal
    threads = os.environ["OPENBLAS_NUM_THREADS"], os.environ["OMP_NUM_THREADS"]
    deaf = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    return np.array([os.getpid(), *map(int, threads), deaf])


def run"""


def find_out(script):
    edit(script, 'np.array(["le", "chat"])', "found()")
    edit(script, "\ndef run", FOUND)


def test_workers_are_other_processes_with_one_thread_each_and_deaf_to_interrupts(
    snippets, script, in_workers, monkeypatch
):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    find_out(script)
    for run in experiments.runs("train_toy", snippets).values():
        pid, *others = run["words"]
        assert pid != os.getpid()
        assert others == [1, 1, True]
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"


def test_the_backend_can_be_chosen_by_name(snippets, script):
    find_out(script)
    assert experiments.runs("train_toy", snippets)[0]["words"][0] == os.getpid()


def test_a_full_disk_stops_the_workers(snippets, script, in_workers, monkeypatch):
    slow = "    from pathlib import Path\n    from time import sleep\n    sleep(3 * (seed > 0))\n"
    edit(
        script,
        "def run(seed):\n",
        f"def run(seed):\n{slow}    Path(f'{{__file__}}.{{seed}}').touch()\n",
    )
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    error = refused(experiments.train_missing, snippets)
    time.sleep(4)
    assert "cannot be written (full)" in str(error)
    assert [path.suffix for path in script.parent.glob("*.py.*")] == [".0"]


def test_a_worker_that_fails_stops_the_others(snippets, script, in_workers):
    fail = (
        "    if seed == 0:\n        raise ValueError('no')\n    import time\n    time.sleep(60)\n"
    )
    edit(script, "def run(seed):\n", "def run(seed):\n" + fail)
    start = time.perf_counter()
    error = refused(experiments.train_missing, snippets)
    assert "ValueError: no (seed 0)" in str(error)
    assert time.perf_counter() - start < 20


def test_a_worker_that_is_killed_is_a_clear_message(snippets, script, in_workers):
    edit(script, "def run(seed):\n", "def run(seed):\n    import os\n    os.kill(os.getpid(), 9)\n")
    assert "a worker was killed" in str(refused(experiments.train_missing, snippets))


def test_the_backend_can_be_chosen_from_outside(snippets, script, in_workers):
    find_out(script)
    with joblib.parallel_config("threading"):
        runs = experiments.runs("train_toy", snippets)
    assert {int(run["words"][0]) for run in runs.values()} == {os.getpid()}


# The commands.


def test_everything_is_trained_again_and_what_moved_is_reported(snippets, script, capsys):
    assert experiments.main(["evidence", "--snippets", str(snippets)]) == 0
    assert "train_toy.count: none → 2 (2 to 2)" in capsys.readouterr().out
    before = experiments.measured("train_toy.last", snippets)
    edit(script, '"count": 2', '"count": seed_of[run["loss"][-1]]')
    edit(
        script,
        "SEEDS = (0, 1, 2)",
        f"SEEDS = (0, 1, 2)\nseed_of = {dict(zip(before.values, (3, 4, 9), strict=True))}",
    )
    assert experiments.main(["evidence-all", "--snippets", str(snippets)]) == 0
    said = capsys.readouterr()
    assert "train_toy.count: 2 (2 to 2) → 4 (3 to 9)  moved +2" in said.out
    assert "trained train_toy, seed 2" in said.err


def test_everything_is_everything(snippets, script):
    experiments.train_missing(snippets)
    stamps = [path.stat().st_mtime_ns for path in (snippets / "page/runs").iterdir()]
    assert experiments.main(["evidence-all", "--snippets", str(snippets)]) == 0
    assert stamps != [path.stat().st_mtime_ns for path in (snippets / "page/runs").iterdir()]


def test_nothing_missing_trains_nothing(snippets, capsys):
    experiments.train_missing(snippets)
    before = contents(snippets)
    assert experiments.main(["evidence", "--snippets", str(snippets)]) == 0
    assert "every run is recorded" in capsys.readouterr().out
    assert contents(snippets) == before


def test_a_failure_keeps_the_records_that_are_not_yet_replaced(snippets, script, capsys):
    experiments.train_missing(snippets)
    before = contents(snippets)
    edit(script, "def run(seed):\n", "def run(seed):\n    assert seed != 1, 'unlucky'\n")
    assert experiments.main(["evidence-all", "--snippets", str(snippets)]) == 1
    assert re.search(
        r"error: \S+train_toy.py:18: AssertionError: unlucky \(seed 1\)\n$", capsys.readouterr().err
    )
    now = contents(snippets)
    assert now["train_toy-1.npz"] == before["train_toy-1.npz"]
    assert sorted(now) == sorted(before)


def test_an_interrupt_leaves_every_record_whole(snippets, script):
    experiments.train_missing(snippets)
    before = contents(snippets)
    edit(
        script,
        "def run(seed):\n",
        "def run(seed):\n    open(f'{__file__}.on', 'w')\n    __import__('time').sleep(60)\n",
    )
    environment = {k: v for k, v in os.environ.items() if k != "EVIDENCE_BACKEND"}
    command = [
        sys.executable,
        "-m",
        "_hooks.experiments",
        "evidence-all",
        "--snippets",
        str(snippets),
    ]
    running = subprocess.Popen(
        command,
        env=environment | {"PYTHONPATH": str(ROOT / "docs")},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not Path(f"{script}.on").exists():
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    said = running.communicate(timeout=20)[1]
    assert running.returncode == 130
    assert said.strip() == "interrupted: every finished run is recorded, the others are as before"
    assert contents(snippets) == before


# The experiments of the book.


@pytest.mark.parametrize("stem", BOOK)
def test_every_seed_is_recorded_by_this_code(stem):
    for seed in BOOK[stem].seeds:
        experiments.recorded(BOOK[stem], seed)


@pytest.mark.parametrize("stem", BOOK)
def test_training_starts_again_as_it_is_recorded(stem):
    seed = BOOK[stem].seeds[0]
    record = experiments.recorded(BOOK[stem], seed)
    steps = len(record.run["loss"]) if record.seconds < FAST else 10
    with experiments.loaded(BOOK[stem].script) as module:
        losses = [float(loss) for loss, _ in itertools.islice(module.steps(seed), steps)]
    assert len(losses) == min(steps, len(record.run["loss"]))
    assert np.isfinite(losses).all()
    np.testing.assert_allclose(losses, record.run["loss"][:steps], rtol=1e-3)


@pytest.mark.parametrize("stem", BOOK)
def test_what_is_measured_follows_from_what_is_recorded(stem):
    with experiments.loaded(BOOK[stem].script) as module:
        for seed in BOOK[stem].seeds:
            record = experiments.recorded(BOOK[stem], seed)
            assert module.measure(record.run) == pytest.approx(
                record.measured, rel=1e-6, nan_ok=True
            )


def test_no_record_is_left_of_an_experiment_that_is_gone():
    wanted = {e.path(seed) for e in BOOK.values() for seed in e.seeds}
    assert set((ROOT / "snippets").glob("*/runs/*")) <= wanted


def test_all_records_together_are_small():
    assert sum(p.stat().st_size for p in (ROOT / "snippets").glob("*/runs/*")) < 4_000_000
