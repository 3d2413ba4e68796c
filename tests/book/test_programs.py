"""Every program of snippets/ prints what its page shows, with `attn` and with NumPy alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from _hooks import book, expand, source
from _hooks.errors import ROOT, BuildError

PROGRAMS = {p.name: p for p in book.programs()}


def isolated(code: str) -> str:
    """What the code prints in a fresh interpreter that sees nothing but site-packages."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_its_recorded_output(name: str) -> None:
    program = PROGRAMS[name]
    reach_attn = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    printed = isolated(reach_attn + f"import runpy; runpy.run_path({str(program.path)!r})")
    assert printed == program.output, expand.record(f"snippets/{name}")


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_numpy_only_copy_prints_the_same(name: str) -> None:
    without_attn = "import sys; sys.modules['attn'] = None\n"
    assert isolated(without_attn + PROGRAMS[name].bundle) == PROGRAMS[name].output


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_numpy_only_copy_imports_numpy_and_the_standard_library_alone(name: str) -> None:
    tree = ast.parse(PROGRAMS[name].bundle)
    plain = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    froms = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    roots = {module.split(".")[0] for module in plain | froms}
    assert roots <= {"numpy", *sys.stdlib_module_names}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_what_it_shows_and_prints_something(name: str) -> None:
    assert ast.get_docstring(ast.parse(PROGRAMS[name].code))
    assert PROGRAMS[name].output.strip()


def test_every_program_stands_on_the_page_of_its_folder() -> None:
    for name in PROGRAMS:
        page = ROOT / "docs" / f"{Path(name).parent}.md"
        assert f'--8<-- "snippets/{name}"' in page.read_text("utf-8"), name


def test_no_recorded_output_is_left_without_its_program() -> None:
    recorded = {path.with_suffix(".py") for path in (ROOT / "snippets").glob("*/*.txt")}
    assert recorded == {program.path for program in PROGRAMS.values()}


@pytest.fixture
def folder() -> Path:
    """A page's folder for programs made up by a test."""
    return ROOT / "snippets" / "made-up"


def bundled(code: str, tmp_path: Path) -> str:
    program = tmp_path / "program.py"
    program.write_text(code)
    return source.bundle(program)


def test_a_bundle_takes_what_a_definition_uses_before_the_definition(tmp_path: Path) -> None:
    found = bundled("from attn.ops.scores import scaled_dot\n\nprint(scaled_dot)\n", tmp_path)
    assert found.index("def check_shapes") < found.index("def dot") < found.index("def scaled_dot")


def test_a_bundle_keeps_the_name_that_the_program_gave(tmp_path: Path) -> None:
    found = bundled("from attn.ops.scores import dot as score\n\nprint(score)\n", tmp_path)
    assert "score = dot" in found


def test_a_module_cannot_be_imported_whole(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"program.py:1: write `from attn.x import name`"):
        bundled("import attn.ops.scores\n", tmp_path)


def test_a_wrong_name_is_told_with_the_names_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no definition 'dots'; it has EPS, NEAR, dot, "):
        bundled("from attn.ops.scores import dots\n", tmp_path)


def test_a_program_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "LONGEST_PROGRAM", 3)
    with pytest.raises(BuildError, match="a program has at most 3"):
        expand.program("snippets/attention/by_hand.py")


@pytest.mark.parametrize(
    "code",
    [
        "from attn.ops.scores import scaled_dot\n\n\ndef dot(q, k):\n    return q\n",
        "import math as dot\n\nfrom attn.ops.scores import scaled_dot\n",
        "from attn.ops.scores import cosine as dot\nfrom attn.ops.scores import scaled_dot\n",
        "from attn.ops.scores import scaled_dot\n\nfor _, dot in [(1, 2)]:\n    print(dot)\n",
    ],
)
def test_a_program_cannot_bind_the_name_of_a_helper_it_is_bundled_with(
    code: str, tmp_path: Path
) -> None:
    message = "'dot' comes from the program itself and from attn.ops.scores: one of them must be"
    with pytest.raises(BuildError, match=message):
        bundled(code, tmp_path)


def test_a_program_may_use_the_names_of_helpers_inside_its_functions(tmp_path: Path) -> None:
    code = "from attn.ops.scores import scaled_dot as scaled_dot\n\n\ndef f(dot):\n    x = dot\n"
    assert "def scaled_dot" in bundled(code, tmp_path)


@pytest.mark.parametrize("output", [None, "", "\n"])
def test_a_program_without_output_is_refused_with_the_command_that_records_it(
    output: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "snippets" / "page"
    folder.mkdir(parents=True)
    (folder / "new.py").write_text("print(1)\n")
    if output is not None:
        (folder / "new.txt").write_text(output)
    monkeypatch.setattr(expand, "ROOT", tmp_path)
    command = "PYTHONPATH=. .venv/bin/python snippets/page/new.py > snippets/page/new.txt"
    with pytest.raises(BuildError, match=f"has no output beside it: {command}"):
        expand.program("snippets/page/new.py")


def test_a_folder_of_programs_that_no_page_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    new = expand.Program(ROOT / "snippets" / "new" / "x.py", "", "", "1\n")
    monkeypatch.setattr(book, "programs", lambda: [new])
    with pytest.raises(
        BuildError, match=r"book\.py: snippets/new/ is of no page in COURSE or BESIDE"
    ):
        book.catalogue("")
