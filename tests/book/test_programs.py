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
    assert printed == program.output, f"python snippets/{name} > snippets/{name[:-3]}.txt"


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
    with pytest.raises(BuildError, match="no definition 'dots'; it has NEAR, dot, "):
        bundled("from attn.ops.scores import dots\n", tmp_path)


def test_a_program_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "LONGEST_PROGRAM", 3)
    with pytest.raises(BuildError, match="a program has at most 3"):
        expand.program("snippets/attention/by_hand.py")
