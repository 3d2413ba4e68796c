"""The one table of symbols (docs/symbols.yml): formulas, tables, styles, and marks in code."""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _hooks import mathml, yaml_lines
from _hooks.errors import ROOT, BuildError

TABLE = ROOT / "docs" / "symbols.yml"
LINES = ("solid", "dashed", "dotted", "double")


@dataclass(frozen=True)
class Role:
    """What a symbol is for: one color in each scheme, and a second cue besides the color."""

    name: str
    light: str
    dark: str
    mark: str
    line: str


@dataclass(frozen=True)
class Symbol:
    """A letter of the book: how it is set, what it means, and its names in code."""

    key: str
    tex: str
    role: Role
    name: str
    meaning: str
    code: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """All roles and symbols, by key."""

    roles: dict[str, Role]
    symbols: dict[str, Symbol]

    def symbol(self, key: str) -> Symbol:
        """The symbol of that key, or a BuildError that names it."""
        if key not in self.symbols:
            raise BuildError(
                f"unknown symbol '{key}': docs/symbols.yml has {', '.join(self.symbols)}"
            )
        return self.symbols[key]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_color(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("#[0-9a-f]{6}", value) is not None


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v.isidentifier() for v in value)


Fields = dict[str, Callable[[Any], bool]]
ROLE: Fields = {
    "light": _is_color,
    "dark": _is_color,
    "mark": _is_text,
    "line": lambda value: value in LINES,
}
SYMBOL: Fields = {
    "tex": _is_text,
    "role": _is_text,
    "name": _is_text,
    "meaning": _is_text,
    "code": _is_names,
}
TABLES: Fields = dict.fromkeys(("roles", "symbols"), lambda value: isinstance(value, dict))


@yaml_lines.kept
def load(path: Path = TABLE) -> Table:
    """The checked table; a missing, unknown or malformed field is a BuildError with its line."""
    data = yaml_lines.load(path)
    _check(path.name, data, TABLES, path, 1)
    roles = {key: Role(key, **_entry(data["roles"], key, ROLE, path)) for key in data["roles"]}
    symbols = {key: _symbol(data["symbols"], key, roles, path) for key in data["symbols"]}
    return Table(roles, symbols)


def _symbol(group: Any, key: str, roles: dict[str, Role], path: Path) -> Symbol:
    entry = _entry(group, key, SYMBOL, path)
    if entry["role"] not in roles:
        line = yaml_lines.line_of(entry, "role")
        raise BuildError(f"'{key}' has the unknown role '{entry['role']}'", path, line)
    return Symbol(key, **{**entry, "role": roles[entry["role"]], "code": tuple(entry["code"])})


def _entry(group: Any, key: str, fields: Fields, path: Path) -> Any:
    _check(key, group[key], fields, path, yaml_lines.line_of(group, key))
    return group[key]


def _check(name: str, entry: Any, fields: Fields, path: Path, line: int | None) -> None:
    found = set(entry) if isinstance(entry, dict) else set()
    if found != set(fields):
        got = sorted(map(str, found)) or repr(entry)
        raise BuildError(f"'{name}': expected the fields {sorted(fields)}, got {got}", path, line)
    for field, is_valid in fields.items():
        if not is_valid(entry[field]):
            line = yaml_lines.line_of(entry, field)
            raise BuildError(f"'{name}': {field} can't be {entry[field]!r}", path, line)


def formula(tex: str, display: bool = False) -> str:
    r"""MathML of `tex`, each `\s{key}` with the class of its role and the key to find it by."""
    return mathml.to_mathml(tex, display, _marked)


def _marked(key: str) -> tuple[str, str]:
    symbol = load().symbol(key)
    return symbol.tex, f'class="sym role-{symbol.role.name}" data-sym="{key}"'


def table(keys: Iterable[str]) -> str:
    """The Markdown table Symbol · Color · Meaning · In code of these symbols."""
    rows = ["| Symbol | Color | Meaning | In code |", "|---|---|---|---|"]
    rows += [_row(load().symbol(key)) for key in keys]
    return "\n".join(rows)


def _row(symbol: Symbol) -> str:
    code = ", ".join(_identifier(symbol, name) for name in symbol.code) or "—"
    return (
        f"| $\\s{{{symbol.key}}}$ | {swatch(symbol.role)} "
        f"| **{symbol.name[0].upper() + symbol.name[1:]}**: {symbol.meaning} | {code} |"
    )


def _identifier(symbol: Symbol, name: str) -> str:
    return f'<code class="sym role-{symbol.role.name}" data-sym="{symbol.key}">{name}</code>'


def swatch(role: Role) -> str:
    """The color of a role, its name and its mark: never the color alone."""
    return f'<span class="swatch role-{role.name}">{role.mark} {role.name}</span>'


def notation() -> str:
    """All symbols of the book, a table for each role."""
    return "\n\n".join(
        f"## {role.name.capitalize()} {role.mark} {{: #role-{role.name} }}\n\n"
        + table(s.key for s in load().symbols.values() if s.role is role)
        for role in load().roles.values()
    )


def css() -> str:
    """Custom properties of the roles for both schemes, and the rules that use them."""
    roles = load().roles.values()
    light = "".join(f"  --role-{r.name}: {r.light};\n" for r in roles)
    dark = "".join(f"  --role-{r.name}: {r.dark};\n" for r in roles)
    rules = "".join(
        f".role-{r.name} {{ --role: var(--role-{r.name}); --role-line: {r.line}; }}\n"
        for r in roles
    )
    rules += "[class*=role-] { color: var(--role); }\n"
    slate = f"@media screen {{\n[data-md-color-scheme=slate] {{\n{dark}}}\n}}\n"
    return f":root {{\n{light}}}\n{slate}{rules}"


def colors(scheme: str) -> dict[str, str]:
    """Role → hexadecimal color in the scheme "light" or "dark", for figures."""
    return {role.name: getattr(role, scheme) for role in load().roles.values()}


NAME = re.compile(r'<span class="n">(\w+)</span>')


def mark_code(page: str, keys: Iterable[str]) -> str:
    """Give the identifiers of these symbols the classes of their roles in highlighted code."""
    by_name = {name: load().symbol(key) for key in keys for name in load().symbol(key).code}
    by_name |= {f"d{name}": symbol for name, symbol in by_name.items()}

    def mark(match: re.Match[str]) -> str:
        symbol = by_name.get(html.unescape(match[1]))
        if symbol is None:
            return match[0]
        role = symbol.role.name
        return f'<span class="n sym role-{role}" data-sym="{symbol.key}">{match[1]}</span>'

    return NAME.sub(mark, page)
