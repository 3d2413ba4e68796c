"""The book as a whole: the macros of its pages, and the files that the build makes for it."""

import ast
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from _hooks import (
    bibliography,
    evidence,
    expand,
    experiments,
    figures,
    numbers,
    reading,
    symbols,
    timings,
)
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
        "timing": lambda *args: timings.timing(*args, up=up),
        "timings": timings.timings,
        "on_all_machines": timings.on_all_machines,
        "machine": timings.machine,
        "symbols": lambda *keys: symbols.table(keys),
        "notation": symbols.notation,
        "figure": lambda name, caption: figures.show(name, caption, up),
        "course": course,
        "reading_time": lambda: reading.token("all"),
        "catalogue": lambda: catalogue(up),
        "evidence": the_evidence,
        "claim": lambda identifier: claim(identifier, up),
    }


# The chapters of the module: page, idea, what is copied most, and the paper it stands on.
COURSE = (
    ("bottleneck", "The bottleneck", "one vector must hold a whole sentence", "gru", "cho2014"),
    ("attention", "Looking back", "score, normalize, combine", "additive", "bahdanau2014"),
    ("soft-and-hard", "Soft and hard", "blend all, or draw one", "reinforce", "xu2015"),
    ("turing-machines", "Neural Turing Machines", "a memory to write", "shift", "graves2014ntm"),
    ("memory-networks", "Memory Networks", "look up facts, in turn", "attention", "sukhbaatar2015"),
    ("transformers", "The bridge to Transformers", "words ask words", "multi_head", "vaswani2017"),
    ("summary", "Summary", "one page to keep", "", ""),
    ("quiz", "Knowledge check", "eight questions, 70 % to pass", "", ""),
)
# Pages beside the module that have programs of their own.
BESIDE = (("how-fast", "How fast"),)


def course() -> str:
    """The map of the module: section → idea → code → paper, with the minutes of each."""
    rows = ["| | Page | Idea | Code | Paper | Minutes |", "|---|---|---|---|---|---|"]
    for number, (page, title, idea, code, paper) in enumerate(COURSE, 1):
        name = f"`{code}`" if code else ""
        cited = bibliography.cite(paper, "") if paper else ""
        time = reading.token(f"{page}.md")
        rows.append(f"| {number} | [{title}]({page}.md) | {idea} | {name} | {cited} | {time} |")
    return "\n".join(rows)


def the_evidence() -> str:
    """The claims with their bounds, then every number that was measured."""
    claims = evidence.table(evidence.judged())
    return f"{claims}\n\n## Every measured number\n\n{measures()}"


def measures() -> str:
    """All that the experiments measured, a table for each, under what the script says of itself."""
    scripts = experiments.discover()
    parts = []
    for stem, found in groupby(experiments.all_measured().items(), lambda e: e[0].split(".")[0]):
        table = evidence.measures_table(dict(found))
        parts.append(f"### `{stem}.py`\n\n{_says(scripts[stem].script.read_text())}\n\n{table}")
    return "\n\n".join(parts)


def claim(identifier: str, up: str) -> str:
    """A link to a claim's row on the Evidence page."""
    known = [found.id for found in evidence.claims()]
    if identifier not in known:
        raise BuildError(f"unknown claim '{identifier}'; docs/claims.yml has {', '.join(known)}")
    return f"[evidence]({up}evidence.md#claim-{identifier}){{ .claim }}"


def catalogue(up: str) -> str:
    """Every program with its first sentence, its output and its download, page by page."""
    parts, page = [], ""
    for p in programs():
        folder = p.path.parent.name
        if folder != page:
            page = folder
            parts.append(f"## {_title(folder)}\n\nOn the page [{_title(folder)}]({up}{folder}.md).")
        parts.append(_listed(p, up))
    return "\n\n".join(parts)


def _says(code: str) -> str:
    return (ast.get_docstring(ast.parse(code)) or "").split("\n")[0]


def _title(page: str) -> str:
    titles = {name: title for name, title, *_ in (*COURSE, *BESIDE)}
    if page not in titles:
        message = f"snippets/{page}/ is of no page in COURSE or BESIDE: name it in one of them"
        raise BuildError(message, Path(__file__))
    return titles[page]


def _listed(p: expand.Program, up: str) -> str:
    return (
        f"### {p.path.stem} {{: #{p.path.parent.name}-{p.path.stem} }}\n\n{_says(p.code)}\n\n"
        f'```text title="Output"\n{p.output.rstrip(chr(10))}\n```\n\n'
        f"[Download {p.path.name}, NumPy only]({up}downloads/{p.name}){{ .download download }}"
    )


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
    """All programs of snippets/: the files that are no experiments, figures or benchmarks."""
    for path in sorted((ROOT / "snippets").glob("*/*.py")):
        if not path.stem.startswith(("train_", "fig_", "bench_")):
            yield expand.program(str(path.relative_to(ROOT)))


def generated() -> dict[str, str | bytes]:
    """The files that stand in no folder: address in the site → content."""
    experiments.train_missing()
    rows = evidence.judged()
    evidence.check(rows)
    files: dict[str, str | bytes] = {
        "assets/symbols.css": symbols.css(),
        "evidence.json": evidence.as_json(rows),
    }
    for p in programs():
        files[f"downloads/{p.name}"] = p.bundle
    for name in figures.scripts():
        drawn = figures.figure(name)
        files |= {figures.path(drawn, scheme): svg for scheme, svg in drawn.svg.items()}
    return files
