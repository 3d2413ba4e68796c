"""What surrounds the book: workflows, licenses, citation, README, commands."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from _hooks.errors import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OLD_PYTHON = f"""#!{sys.executable}
import sys
sys.version_info, sys.version = (3, 10), "3.10.0 (main)"
exec(sys.argv[2])
"""


def settings() -> Any:
    """The data of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def workflow(name: str) -> Any:
    """The data of a workflow."""
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text("utf-8"))


def actions(path: Path) -> list[str]:
    """What a workflow uses, with the comment behind it."""
    return re.findall(r"uses: (.+)", path.read_text("utf-8"))


def validate(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Check files against a schema that check-jsonschema brings."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)


def test_workflows_follow_githubs_schema() -> None:
    found = validate("vendor.github-workflows", *WORKFLOWS)
    assert found.returncode == 0, found.stdout


def test_the_citation_follows_its_schema() -> None:
    found = validate("vendor.citation-file-format", ROOT / "CITATION.cff")
    assert found.returncode == 0, found.stdout


def test_a_wrong_key_is_seen_by_the_schema(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text("utf-8").replace("runs-on:", "runs_on:"), "utf-8")
    assert validate("vendor.github-workflows", wrong).returncode != 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_official_and_pinned_to_a_commit(path: Path) -> None:
    assert actions(path)
    for action in actions(path):
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_only_the_deployment_may_write() -> None:
    pages, weekly = workflow("pages.yml"), workflow("weekly.yml")
    assert pages["permissions"] == {}
    assert pages["jobs"]["build"]["permissions"] == {"contents": "read", "pages": "read"}
    assert pages["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert weekly["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in weekly["jobs"].values())


def test_what_is_published_is_what_was_tested() -> None:
    jobs = workflow("pages.yml")["jobs"]
    assert jobs["deploy"]["needs"] == "build"
    assert "make test" in "".join(step.get("run", "") for step in jobs["build"]["steps"])


def test_the_oldest_python_of_the_package_is_tested_and_one_is_published() -> None:
    build = workflow("pages.yml")["jobs"]["build"]
    tested = build["strategy"]["matrix"]["python"]
    assert f">={tested[0]}" == settings()["project"]["requires-python"]
    (publishing,) = [
        s["if"] for s in build["steps"] if "upload-pages-artifact" in s.get("uses", "")
    ]
    (published,) = re.findall(r"matrix\.python == '([\d.]+)'", publishing)
    assert published in tested


def test_the_citation_has_the_version_of_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    package = settings()["project"]
    assert citation["version"] == package["version"]
    assert package["license"] in citation["license"]


def test_the_files_that_the_readme_names_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / target).is_file(), target


def test_the_picture_of_the_readme_is_small() -> None:
    assert (ROOT / ".github" / "book.png").stat().st_size <= 150_000


@pytest.mark.parametrize("target", ["site", "serve", "test", "evidence", "evidence-all", "clean"])
def test_make_knows_the_commands_of_the_readme(target: str) -> None:
    command = ["make", "--dry-run", "--touch", target]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def test_make_refuses_an_old_python_with_a_clear_message(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text(OLD_PYTHON, "utf-8")
    old.chmod(0o755)
    ready = tmp_path / ".ready"
    command = ["make", f"PYTHON={old}", f"READY={ready}", str(ready)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode != 0
    assert "needs Python 3.11 or newer" in found.stderr
    assert "3.10.0" in found.stderr


def test_the_pinned_requirements_name_no_host() -> None:
    assert "://" not in (ROOT / "requirements.txt").read_text("utf-8")


def imports(path: Path) -> set[str]:
    """The modules that a file imports from elsewhere, with their packages."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom) and not n.level}
    return plain | froms


def plain(name: str) -> str:
    """The name of a distribution, spelt as all its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name.split("[")[0]).lower()


def test_all_that_the_book_and_its_tests_import_is_listed() -> None:
    files = [file for folder in ("docs", "tests") for file in (ROOT / folder).rglob("*.py")]
    roots = {name.split(".")[0] for file in files for name in imports(file)}
    brings = packages_distributions()
    listed = {plain(name) for name in settings()["dependency-groups"]["book"]}
    ours = {"_hooks", "attn", "tests", *sys.stdlib_module_names}
    assert {r for r in roots - ours if not listed & set(map(plain, brings.get(r, [])))} == set()


def test_every_package_that_is_listed_is_pinned() -> None:
    pinned = re.findall(
        r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    listed = {plain(name) for name in settings()["dependency-groups"]["book"]}
    assert listed - set(map(plain, pinned)) == set()


def test_what_knows_mkdocs_or_its_plugins_is_named_where_the_machinery_is_described() -> None:
    folder = ROOT / "docs" / "_hooks"
    described = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    named = set(re.findall(r"`(\w+)`", described or ""))
    knowing = {
        file.stem
        for file in folder.glob("*.py")
        if any(re.match("mkdocs|griffe", name) for name in imports(file))
    }
    assert {name for name in knowing if not name.startswith("mkdocs_")} <= named
