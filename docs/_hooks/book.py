"""The book as a whole: the macros that its pages may use, and the files that the build makes for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from _hooks import bibliography, experiments, expand, figures, numbers, symbols
from _hooks.errors import ROOT, BuildError

DOCS = ROOT / "docs"


def macros(uri: str, cited: list[str]) -> dict[str, Callable[..., str]]:
    """What a page may call in `{{ … }}`; works that it cites are noted in `cited`."""
    up = "../" * uri.count("/")

    def fact(key: str) -> str:
        cited.append(key.split(".")[0])
        return numbers.fact(key, up)

    def cite(key: str, where: str = "") -> str:
        cited.append(key)
        return bibliography.cite(key, up, where)

    return {
        "fact": fact,
        "cite": cite,
        "sources": lambda: bibliography.sources(cited),
        "bibliography": bibliography.bibliography,
        "measured": lambda *args: numbers.measured(*args, up=up),
        "value": numbers.value,
        "symbols": lambda *keys: symbols.table(keys),
        "notation": symbols.notation,
        "figure": lambda name, caption: figures.show(name, caption, up),
    }


def lines(uri: str, file: Path) -> list[expand.Line]:
    """The page with everything written out, each line with its number in the file."""
    up = "../" * uri.count("/")
    return expand.expand(file.read_text("utf-8"), macros(uri, []), file, up)


def markdown(uri: str, file: Path) -> str:
    """The page as Markdown that holds all that the reader sees, without its front matter."""
    return expand.text(_body(lines(uri, file)))


def _body(page: list[expand.Line]) -> list[expand.Line]:
    if not page or page[0].text != "---":
        return page
    end = next(n for n, line in enumerate(page[1:], 1) if line.text == "---")
    return page[end + 1 :]


def programs() -> Iterator[expand.Program]:
    """All programs of snippets/: the Python files that are neither experiments nor figures."""
    for path in sorted((ROOT / "snippets").glob("*/*.py")):
        if not path.stem.startswith(("train_", "fig_")):
            yield expand.program(str(path.relative_to(ROOT)))


def generated() -> dict[str, str | bytes]:
    """The files that stand in no folder: address in the site → content."""
    files: dict[str, str | bytes] = {"assets/symbols.css": symbols.css()}
    for p in programs():
        files[f"downloads/{p.name}"] = p.bundle
    for name in figures.scripts():
        drawn = figures.figure(name)
        files |= {figures.path(drawn, scheme): svg for scheme, svg in drawn.svg.items()}
    return files
