"""The key of a script: it changes with the code that the script runs, not with words about it."""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import resolve_name
from pathlib import Path

from _hooks.errors import BuildError

Cut = tuple[int, int, int, int]  # from line and byte, to line and byte; lines count from 0


def key(script: Path) -> str:
    """SHA-256 over the code of `script` and of all modules of the project that it imports."""
    digest = hashlib.sha256()
    for name, path in sorted(modules(script).items()):
        digest.update(f"{name}\0{code(_read(path))}\0".encode())
    return digest.hexdigest()


def modules(script: Path) -> dict[str, Path]:
    """The script, as "", and all that it imports from its folder or the project, by name."""
    found, todo, seen = {"": script}, [""], set()
    while todo:
        name = todo.pop()
        for wanted in _wanted(name, found[name]):  # packages before what is in them
            if wanted in seen:
                continue
            seen.add(wanted)
            ours = wanted.rpartition(".")[0] in found
            if ours and (path := _find(wanted, script)):
                found[wanted] = path
                todo.append(wanted)
    return found


def _find(name: str, script: Path) -> Path | None:
    """The file of the module `name` for a script in snippets/<page>/; None if not ours."""
    for folder in (script.parent, script.parents[2]):
        path = folder.joinpath(*name.split("."))
        for file in (path / "__init__.py", path.parent / f"{path.name}.py"):
            if file.is_file():
                return file
    return None


def _wanted(name: str, path: Path) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    try:
        imported = _imports(_read(path), package)
    except (SyntaxError, ImportError, ValueError) as error:
        what = getattr(error, "msg", None) or error
        raise BuildError(
            f"cannot be parsed: {what}", path, getattr(error, "lineno", None)
        ) from error
    for dotted in imported:
        parts = dotted.split(".")
        yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1))


@lru_cache(maxsize=1024)
def _imports(text: str, package: str) -> tuple[str, ...]:
    """The dotted names that are imported; of `from a import b` a.b, which may be a module."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            found += [f"{base}.{alias.name}" for alias in node.names]
    return tuple(found)


def _read(path: Path) -> str:
    return path.read_text("utf-8-sig")


@lru_cache(maxsize=1024)
def code(text: str) -> str:
    """The text without comments, docstrings and blank lines; what is inside strings stays.

    Cut by position instead of printed from the tree, so that all versions of Python agree.
    """
    tree = ast.parse(text)
    lines = [line.encode() for line in text.split("\n")]
    notes = [n for n in ast.walk(tree) if isinstance(n, ast.Expr) and _is_text(n.value)]
    for cut in sorted([*map(_span, notes), *_comments(text)], reverse=True):
        _remove(lines, cut)
    inside = _lines_inside_strings(tree, {id(note.value) for note in notes})
    kept = (line if n in inside else line.rstrip() for n, line in enumerate(lines))
    return b"\n".join(line for n, line in enumerate(kept) if line or n in inside).decode()


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _span(node: ast.Expr) -> Cut:
    end, end_byte = node.end_lineno or node.lineno, node.end_col_offset or 0
    return node.lineno - 1, node.col_offset, end - 1, end_byte


def _comments(text: str) -> Iterator[Cut]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            start = len(token.line[:column].encode())
            yield line - 1, start, line - 1, start + len(token.string.encode())


def _remove(lines: list[bytes], cut: Cut) -> None:
    first, start, last, end = cut
    rest = lines[last][end:]
    for n in range(first + 1, last + 1):
        lines[n] = b""
    lines[first] = lines[first][:start] + rest


def _lines_inside_strings(tree: ast.Module, notes: set[int]) -> set[int]:
    """The lines that end inside a string: their blanks and their trailing spaces are data."""
    strings = (n for n in ast.walk(tree) if isinstance(n, ast.Constant | ast.JoinedStr))
    return {
        line - 1
        for node in strings
        if id(node) not in notes
        for line in range(node.lineno, node.end_lineno or node.lineno)
    }
