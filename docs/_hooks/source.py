"""Cutting code out of `attn` by name: as it stands for a page, with all it needs for a bundle."""

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from _hooks.errors import ROOT, BuildError

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Module:
    """A module of `attn`: its text, its definitions and its imports by the name they bind."""

    name: str
    path: Path
    lines: tuple[str, ...]
    definitions: dict[str, Definition]
    imports: dict[str, str]


def module(name: str) -> Module:
    """The module `attn.x.y`, read from its file."""
    path = ROOT / (name.replace(".", "/") + ".py")
    if not path.exists():
        raise BuildError(f"there is no module '{name}'")
    return _read(name, path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _read(name: str, path: Path, _changed: int) -> Module:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    definitions = {bound: it for node in tree.body for bound, it in _bound(node).items()}
    return Module(name, path, tuple(text.splitlines()), definitions, _imports(tree))


def _bound(node: ast.stmt) -> dict[str, Definition]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name: node}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id: node}
    if isinstance(node, ast.Assign):
        return {t.id: node for t in node.targets if isinstance(t, ast.Name)}
    return {}


def _imports(tree: ast.Module) -> dict[str, str]:
    """Name bound → the statement that binds it alone."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                single: ast.stmt = ast.Import([alias])
                if isinstance(node, ast.ImportFrom):
                    single = ast.ImportFrom(node.module, [alias], node.level)
                found[alias.asname or alias.name.split(".")[0]] = ast.unparse(single)
    return found


def locate(target: str) -> tuple[Module, str]:
    """`attn.ops.scores.additive` → its module and the name in it."""
    name, _, definition = target.rpartition(".")
    found = module(name)
    if definition not in found.definitions:
        known = ", ".join(n for n in found.definitions if not n.startswith("_"))
        raise BuildError(f"'{name}' has no definition '{definition}'; it has {known}")
    return found, definition


def cut(target: str) -> str:
    """The definition as the page shows it: the imports it needs, itself, its docstring short."""
    found, name = locate(target)
    node = found.definitions[name]
    imports = [found.imports[used] for used in names(node) if used in found.imports]
    return "\n\n\n".join(filter(None, ["\n".join(_sorted(imports)), text(found, node)]))


def names(node: ast.AST) -> list[str]:
    """The names that a definition uses, each once, in order."""
    return list(dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)))


def text(where: Module, node: Definition) -> str:
    """The lines of a definition, with its docstring cut to its first sentence and its shapes."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    lines = list(where.lines[first - 1 : node.end_lineno])
    document = node.body[0] if isinstance(node, ast.FunctionDef) else None
    if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) and document:
        start, end = document.lineno - first, (document.end_lineno or document.lineno) - first + 1
        lines[start:end] = _short(ast.get_docstring(node) or "", " " * document.col_offset)
    return "\n".join(lines)


def _short(docstring: str, indent: str) -> list[str]:
    sentence = docstring.split("\n\n")[0].split("\n")
    shapes = re.search(r"^Shapes:.*(?:\n[ \t]+.*)*", docstring, re.MULTILINE)
    if not shapes:
        lines = ['"""' + sentence[0], *sentence[1:]]
        lines[-1] += '"""'
    else:
        lines = ['"""' + sentence[0], *sentence[1:], "", *shapes[0].split("\n"), '"""']
    return [indent + line if line else "" for line in lines]


def _sorted(imports: list[str]) -> list[str]:
    """Others' packages first, `attn` last, each group in order."""
    return sorted(set(imports), key=lambda s: ("attn" in s.split()[1], s))


# A NumPy-only bundle: the program with the definitions that it uses written into it.


def bundle(program: Path) -> str:
    """The program with its imports from `attn` replaced by the definitions that they bring."""
    source = program.read_text("utf-8")
    tree = ast.parse(source)
    wanted = [node for node in tree.body if isinstance(node, ast.ImportFrom) and _ours(node.module)]
    _refuse_plain(tree, program)
    if not wanted:
        return source
    needed: dict[tuple[str, str], None] = {}
    aliases = []
    for node in wanted:
        for alias in node.names:
            _collect(*locate(f"{node.module}.{alias.name}"), needed)
            if alias.asname and alias.asname != alias.name:
                aliases.append(f"{alias.asname} = {alias.name}")
    _refuse_clash(needed, _own(tree, wanted), program)
    return _write(source, tree, wanted, list(needed), aliases)


def _ours(name: str | None) -> bool:
    return (name or "").split(".")[0] == "attn"


def _refuse_plain(tree: ast.Module, program: Path) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(_ours(alias.name) for alias in node.names):
            raise BuildError(
                "write `from attn.x import name`, so that it can be bundled", program, node.lineno
            )


def _collect(where: Module, name: str, needed: dict[tuple[str, str], None]) -> None:
    """Depth first: what a definition uses stands before it."""
    if (where.name, name) in needed:
        return
    for used in names(where.definitions[name]):
        if used in where.definitions and used != name:
            _collect(where, used, needed)
        elif _ours_statement(where.imports.get(used, "")):
            origin = ast.parse(where.imports[used]).body[0]
            assert isinstance(origin, ast.ImportFrom)
            _collect(*locate(f"{origin.module}.{origin.names[0].name}"), needed)
    needed[(where.name, name)] = None


def _ours_statement(statement: str) -> bool:
    return statement.startswith("from attn")


def _own(tree: ast.Module, wanted: list[ast.ImportFrom]) -> set[str]:
    """The names that the program binds at its top level, but for those that it has from `attn`."""
    rest = ast.unparse(ast.Module([node for node in tree.body if node not in wanted], []))
    names = symtable.symtable(rest, "", "exec").get_symbols()
    renamed = {a.asname for node in wanted for a in node.names if a.asname and a.asname != a.name}
    return renamed | {n.get_name() for n in names if n.is_assigned() or n.is_imported()}


def _refuse_clash(needed: dict[tuple[str, str], None], own: set[str], program: Path) -> None:
    seen = dict.fromkeys(own, "the program itself")
    for where, name in needed:
        if seen.setdefault(name, where) != where:
            raise BuildError(
                f"'{name}' comes from {seen[name]} and from {where}: one of them must be renamed",
                program,
            )


def _write(
    source: str,
    tree: ast.Module,
    wanted: list[ast.ImportFrom],
    needed: list[tuple[str, str]],
    aliases: list[str],
) -> str:
    lines = source.splitlines()
    gone = {n for node in wanted for n in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    last = max((node.end_lineno or 0 for node in tree.body if _is_head(node)), default=0)
    head = [line for n, line in enumerate(lines[:last], 1) if n not in gone]
    rest = "\n".join(lines[last:]).strip("\n")
    imports = [s for s in _foreign_imports(needed) if s not in head]
    definitions = [text(module(where), module(where).definitions[name]) for where, name in needed]
    parts = ["\n".join([*_trimmed(head), *imports]), *definitions, "\n".join(aliases), rest]
    return "\n\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def _is_head(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.Import | ast.ImportFrom)


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def _foreign_imports(needed: list[tuple[str, str]]) -> Iterator[str]:
    """The imports from outside `attn` that the needed definitions use, each once."""
    found = []
    for where, name in needed:
        there = module(where)
        for used in names(there.definitions[name]):
            statement = there.imports.get(used, "")
            if statement and not _ours_statement(statement) and statement not in found:
                found.append(statement)
    yield from sorted(found)
