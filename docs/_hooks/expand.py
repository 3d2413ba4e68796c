"""A page as the reader sees it: includes, programs and macros written out, line by line.

MkDocs and the tests both read pages through `expand`, so that what is shown is what is run. Each
line keeps the number of the line of the page that it came from.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from _hooks import source
from _hooks.errors import ROOT, BuildError

INCLUDE = re.compile(r'^(\s*)--8<-- "([^"]+)"\s*$')
FENCE = re.compile(r"^\s*(`{3,})(.*)$")
MACRO = re.compile(r"\{\{(.+?)\}\}")
LONGEST_PROGRAM = 40

Macros = Mapping[str, Callable[..., str]]


class Line(NamedTuple):
    """A line of the expanded page, and the number of the line of the page it came from."""

    text: str
    number: int


@dataclass(frozen=True)
class Program:
    """A program of snippets/: its text, the NumPy-only copy, and what both print."""

    path: Path
    code: str
    bundle: str
    output: str

    @property
    def name(self) -> str:
        """`attention/look_up.py`, as it stands below snippets/."""
        return str(self.path.relative_to(ROOT / "snippets"))


def program(name: str) -> Program:
    """The program `snippets/<page>/<name>.py` with its bundle and its recorded output."""
    path = ROOT / name
    recorded = path.with_suffix(".txt")
    if not path.exists():
        raise BuildError(f"there is no program '{name}'")
    output = recorded.read_text("utf-8") if recorded.exists() else ""
    if not output.strip():
        raise BuildError(f"'{name}' has no output beside it: {record(name)}")
    code = path.read_text("utf-8")
    if code.count("\n") > LONGEST_PROGRAM:
        raise BuildError(
            f"'{name}' has {code.count(chr(10))} lines; a program has at most {LONGEST_PROGRAM}"
        )
    return Program(path, code, source.bundle(path), output)


def record(name: str) -> str:
    """The command that records the output of a program."""
    return f"PYTHONPATH=. .venv/bin/python {name} > {Path(name).with_suffix('.txt')}"


def expand(text: str, macros: Macros, file: Path | str | None = None, up: str = "") -> list[Line]:
    """The page with every include, program and macro written out; `up` leads from it to docs/."""
    out: list[Line] = []
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        try:
            lines = _include(line, fence, up) or [line if fence else _macros(line, macros)]
        except BuildError as error:
            raise BuildError(error.message, error.file or file, error.line or number) from error
        fence = _fence(line, fence)
        out += [Line(part, number) for block in lines for part in block.split("\n")]
    if fence:
        raise BuildError("a code fence is never closed", file, number)
    return out


def _fence(line: str, fence: str) -> str:
    """The backticks that close the fence around the next line, or nothing outside fences."""
    found = FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    return "" if len(found[1]) >= len(fence) and not found[2].strip() else fence


def _include(line: str, fence: str, up: str) -> list[str]:
    found = INCLUDE.match(line)
    if not found:
        return []
    indent, target = found.groups()
    if fence:
        return _indented(source.cut(target), indent)
    if not target.startswith("snippets/"):
        raise BuildError(f'a definition stands inside a ```python fence: --8<-- "{target}"')
    return _indented(shown(program(target), up), indent)


def _indented(text: str, indent: str) -> list[str]:
    return [indent + line if line else "" for line in text.split("\n")]


def shown(p: Program, up: str) -> str:
    """A program and what it prints; one that uses `attn` in two tabs, with its NumPy-only copy."""
    return (
        f"{_code(p)}\n\n<!--pytest-codeblocks:expected-output-->\n\n"
        f'```text title="Output"\n{p.output.rstrip(chr(10))}\n```\n\n'
        f"[Download {p.path.name}, NumPy only]({up}downloads/{p.name}){{ .download download }}\n"
    )


def _code(p: Program) -> str:
    block = f'```python title="snippets/{p.name}"\n{p.code.rstrip(chr(10))}\n```'
    if p.bundle == p.code:
        return block
    alone = f'```python title="{p.path.name}"\n{p.bundle.rstrip(chr(10))}\n```'
    return f'=== "With attn"\n\n{_tab(block)}\n\n=== "NumPy only"\n\n{_tab(alone)}'


def _tab(block: str) -> str:
    return "\n".join("    " + line if line else "" for line in block.split("\n"))


_environment = jinja2.Environment(undefined=jinja2.StrictUndefined)


def _macros(line: str, macros: Macros) -> str:
    """The line with its macros written out; what takes several lines stays in the line's box."""
    indent = line[: len(line) - len(line.lstrip())]
    return MACRO.sub(lambda m: _call(m[1], macros).replace("\n", f"\n{indent}"), line)


def _call(expression: str, macros: Macros) -> str:
    try:
        result: Any = _environment.compile_expression(expression, undefined_to_none=False)(**macros)
        return str(result)
    except BuildError:
        raise
    except Exception as error:  # whatever a macro makes of its arguments
        message = f"{{{{{expression}}}}}: {type(error).__name__}: {error}"
        raise BuildError(message) from error


def text(lines: list[Line]) -> str:
    """The expanded page as one text."""
    return "\n".join(line.text for line in lines)
