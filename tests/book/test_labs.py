"""Labs run when their code changes, fail where their code fails, and reach for nothing outside."""

import json
import subprocess
import sys

import nbformat
import pytest
from _hooks import labs, whole
from _hooks.errors import BuildError

LABS = sorted(labs.LABS.glob("*.py"))
HEAD = "# ---\n# title: A lab\n# description: A trial.\n# ---\n\n# %% [markdown]\n# # A lab\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of its own: a package attn and a lab that prints its number."""
    monkeypatch.setattr(labs, "ROOT", tmp_path)
    monkeypatch.setattr(labs, "CACHE", tmp_path / ".cache")
    (tmp_path / "attn").mkdir()
    (tmp_path / "attn" / "__init__.py").write_text("NUMBER = 1\n")
    (tmp_path / "docs" / "labs").mkdir(parents=True)
    return tmp_path


def lab(project, code, prose=""):
    path = project / "docs" / "labs" / "trial.py"
    path.write_text(f"{HEAD}#\n# {prose}\n\n# %%\n{code}\n", "utf-8")
    return path


def drawing(color="#000000", **metadata):
    cell = nbformat.v4.new_code_cell(metadata=metadata)
    svg = f'<svg xmlns="http://a.b" id="x"><style>*{{}}</style><path style="fill: {color}"/></svg>'
    return cell, nbformat.v4.new_output("display_data", {"image/svg+xml": svg})


def test_a_lab_runs_again_when_attn_changes_and_not_when_its_prose_does(project, monkeypatch):
    ran, run = [], labs._run
    monkeypatch.setattr(labs, "_run", lambda path: ran.append(path) or run(path))
    code = 'from attn import NUMBER\n\nprint(NUMBER, 1 < 2, "&lt;", `"a"`)'.replace("`", "")
    page = labs.markdown(lab(project, code, "Is $a < b$ & *c*?"))
    assert "1 True &lt; a" in page
    assert "Is $a < b$ & *c*?" in page
    assert code in page
    assert "Other words." in labs.markdown(lab(project, code, "Other words."))
    assert len(ran) == 1
    (project / "attn" / "__init__.py").write_text("NUMBER = 2\n")
    assert "2 True" in labs.markdown(lab(project, code))
    assert len(ran) == 2


def test_an_error_in_a_lab_stops_the_build_and_names_its_line(project):
    path = lab(project, "x = 1\nx / 0")
    with pytest.raises(BuildError, match="cell 2: ZeroDivisionError") as caught:
        labs.markdown(path)
    assert path.read_text().split("\n")[caught.value.line - 1] == "x / 0"
    assert caught.value.file == path


def test_a_lab_that_does_not_end_stops_the_build(project, monkeypatch):
    monkeypatch.setattr(labs, "SECONDS", 1)
    with pytest.raises(BuildError, match="ran over 1 seconds"):
        labs.executed(lab(project, "while True:\n    pass"))


def test_damaged_outputs_are_made_again(project, monkeypatch):
    path = lab(project, "print(3)")
    monkeypatch.setattr(labs, "_run", lambda path: labs.read(path))
    for broken in ("", "{", "[]", json.dumps({"nbformat": 4})):
        whole.write(labs._cache(path), broken)
        assert labs._kept(path, labs._key(path)) is None
    labs.executed(path)
    assert labs._kept(path, labs._key(path)) == [[]]


def test_a_lab_without_front_matter_is_refused(project):
    path = lab(project, "1")
    path.write_text("# %%\n1\n")
    with pytest.raises(BuildError, match="title and a description"):
        labs.meta(path)


def test_warnings_are_refused():
    stderr = nbformat.v4.new_output("stream", name="stderr", text="DeprecationWarning")
    assert "DeprecationWarning" in labs._wrong(stderr, {}, nbformat.v4.new_code_cell())


def test_what_is_neither_text_nor_a_drawing_is_refused():
    output = nbformat.v4.new_output("display_data", {"text/html": "<b>x</b>"})
    assert "text/html" in labs._wrong(output, output.data, nbformat.v4.new_code_cell())


def test_a_drawing_needs_words():
    cell, output = drawing()
    assert "say what it shows" in labs._wrong(output, output.data, cell)


def test_a_drawing_in_a_color_that_does_not_follow_the_scheme_is_refused():
    cell, output = drawing(alt="A line.", color="#123456")
    assert "#123456" in labs._wrong(output, output.data, cell)


def test_a_drawing_takes_its_colors_from_the_page_and_leaks_nothing():
    cell, output = drawing(alt="A line.", color=labs.symbols.colors("light")["score"])
    assert not labs._wrong(output, output.data, cell)
    shown = labs._drawing(output.data["image/svg+xml"])
    assert "fill: var(--role-score)" in shown
    assert "http" not in shown
    assert "<style" not in shown
    assert 'id="x"' not in shown


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
def test_a_lab_is_short_and_names_no_other_host(path):
    notebook = labs.executed(path)
    code = "\n".join(cell.source for cell in labs._code(notebook))
    assert len([line for line in code.split("\n") if line.strip()]) <= 60
    page = labs.markdown(path)
    assert "://" not in page
    assert page.count("<svg") == page.count("aria-label") > 0
    assert len(page) < 150_000
    assert labs.meta(path).keys() == {"title", "description"}


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
def test_the_notebook_to_download_runs_without_attn_and_prints_what_the_page_shows(path, tmp_path):
    assert labs.notebook(path) == labs.notebook(path)
    notebook = nbformat.reads(labs.notebook(path), as_version=4)
    nbformat.validate(notebook)
    prose = "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "\\s{" not in prose
    assert ".md" not in prose
    program = "\n".join(cell.source for cell in labs._code(notebook))
    assert "from attn" not in program
    quiet = {"MPLBACKEND": "agg", "MPLCONFIGDIR": str(tmp_path), "PYTHONUTF8": "1"}
    command = [sys.executable, "-X", "utf8", "-W", "ignore", "-c", program]
    ran = subprocess.run(
        command, cwd=tmp_path, env=quiet, capture_output=True, text=True, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stderr
    outputs = [output for cell in labs._code(labs.executed(path)) for output in cell.outputs]
    assert ran.stdout == "".join(o.text for o in outputs if o.output_type == "stream")


def test_there_are_three_labs_and_the_page_of_labs_lists_each():
    listed = (labs.LABS / "index.md").read_text("utf-8")
    assert len(LABS) >= 3
    assert all(f"({path.name})" in listed for path in LABS)
