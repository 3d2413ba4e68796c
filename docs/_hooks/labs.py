"""Labs: docs/labs/*.py, run when their code changes, shown as pages, offered as notebooks.

nbclient runs a lab. Its outputs are kept under .cache/labs with the key of the code that made them,
so that a change of prose runs nothing. mkdocs-jupyter writes the notebook with a template of ours,
as Markdown, which MkDocs renders as it renders every other page.
"""

import hashlib
import html
import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jupytext
import matplotlib as mpl
import mkdocs_jupyter.config
import nbformat
import numpy as np
import yaml
from jupyter_client.kernelspec import KernelSpecManager
from mkdocs_jupyter import convert
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from _hooks import code_key, figures, source, symbols, whole
from _hooks.errors import ROOT, BuildError

LABS = ROOT / "docs" / "labs"
CACHE = ROOT / ".cache" / "labs"
TEMPLATE = ROOT / "docs" / "_hooks" / "lab_template"
END = "<!-- end of lab -->"
SECONDS = 60  # a cell that runs longer is no lab
DRAWING = "max-width: 100%; height: auto; stroke-linejoin: round"
LEAKS = re.compile(
    r'<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|\sxmlns(?::\w+)?="[^"]*"', re.DOTALL
)
SHOWN = {"text/plain", "image/svg+xml"}
PROPERTIES = {
    "ink": "var(--md-default-fg-color)",
    "soft": "var(--md-default-fg-color--light)",
    "grid": "var(--md-default-fg-color--lightest)",
    "paper": "var(--md-default-bg-color)",
}

Notebook = Any


def is_lab(uri: str) -> bool:
    """Whether a page is made from a notebook."""
    return uri.startswith("labs/") and uri.endswith(".py")


def read(path: Path) -> Notebook:
    """The lab as a notebook without outputs, the same one every time."""
    notebook = jupytext.reads(path.read_text("utf-8"), fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook


def meta(path: Path) -> dict[str, str]:
    """The front matter of the lab: title and description."""
    head = read(path).cells[0]
    found = yaml.safe_load(head.source.strip("-\n")) if head.cell_type == "raw" else None
    if not isinstance(found, dict) or not {"title", "description"} <= found.keys():
        raise BuildError("a lab begins with '# ---' and has a title and a description", path, 1)
    return {key: str(value) for key, value in found.items()}


def markdown(path: Path) -> str:
    """The lab as Markdown: prose, code, outputs; and the notebook to download."""
    mkdocs_jupyter.config.settings.templates_dir = str(TEMPLATE)
    shown = CACHE / f"{path.stem}.page.ipynb"
    whole.write(shown, nbformat.writes(executed(path)))
    page, end, _ = convert.nb2html(str(shown), execute=False).partition(END)
    assert end, "the template ends with the mark"
    link = f"[Download this lab as a notebook]({path.stem}.ipynb){{ .download download }}"
    return f"{html.unescape(page)}\n{link}\n"


def _line(path: Path, number: int) -> int:
    """The line of the mark `# %%` before a cell; the front matter is cell 0."""
    lines = path.read_text("utf-8").split("\n")
    marks = [n for n, line in enumerate(lines, 1) if line.startswith("# %%")]
    return marks[number - 1] if 0 < number <= len(marks) else 1


# Running


def executed(path: Path) -> Notebook:
    """The lab with its outputs, run only if its code or what it imports is not as it was."""
    notebook, key = read(path), _key(path)
    outputs = _kept(path, key)
    if outputs is None:
        outputs = [cell.outputs for cell in _code(_run(path))]
        whole.write(_cache(path), json.dumps({"key": key, "outputs": outputs}))
    for cell, found in zip(_code(notebook), outputs, strict=True):
        cell.outputs = found
    return notebook


def _code(notebook: Notebook) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _key(path: Path) -> str:
    """The code of the lab, of `attn` and of this module, the style, the versions: no prose."""
    cells = repr([(cell.source, cell.metadata) for cell in _code(read(path))])
    code = code_key.key(path) + code_key.key(Path(__file__))
    parts = (cells, code, _setup(), np.__version__, mpl.__version__)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _cache(path: Path) -> Path:
    return CACHE / f"{path.stem}.json"


def _kept(path: Path, key: str) -> list[Any] | None:
    """The outputs recorded under this key; None if there are none, or they cannot be read."""
    try:
        record = json.loads(_cache(path).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("key") != key:
        return None
    return list(nbformat.from_dict(record["outputs"]))


def _run(path: Path) -> Notebook:
    """Run the cells in a fresh kernel of this very Python, in the book's style."""
    notebook = read(path)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(_setup()))
    here = {"metadata": {"path": str(ROOT)}}
    client = NotebookClient(notebook, timeout=SECONDS, resources=here)
    manager = client.create_kernel_manager()
    manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[])
    manager.transport_encryption = "auto"
    settings = CACHE / "ipython"  # an empty folder: nobody's own start-up files
    settings.mkdir(parents=True, exist_ok=True)
    own = {"IPYTHONDIR": str(settings), "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    try:
        client.execute(env={**os.environ, **own})
    except CellExecutionError as error:
        raise _failure(path, notebook, error) from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise BuildError(f"a cell ran over {SECONDS} seconds, or ended Python", path) from error
    del notebook.cells[0]
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.outputs = [_tidied(output, cell, path, number) for output in cell.outputs]
    return notebook


def _failure(path: Path, notebook: Notebook, error: CellExecutionError) -> BuildError:
    """What went wrong, at the line of the lab."""
    failed = [any(o.output_type == "error" for o in c.get("outputs", [])) for c in notebook.cells]
    number = failed.index(True) - 1 if True in failed else 0
    plain = re.sub(r"\x1b\[[\d;]*m", "", error.traceback)
    within = re.findall(r"Cell In\[\d+\], line (\d+)", plain) or [0]
    line = _line(path, number) + int(within[0])
    return BuildError(f"cell {number}: {error.ename}: {error.evalue}", path, line)


def _tidied(output: Any, cell: Any, path: Path, number: int) -> Any:
    """The output as the page shows it: text, or a drawing that follows the scheme of the page."""
    data = output.get("data", {})
    if wrong := _wrong(output, data, cell):
        raise BuildError(f"cell {number} {wrong}", path, _line(path, number))
    output.pop("execution_count", None)
    if "image/svg+xml" in data:
        output["data"] = {"image/svg+xml": _drawing(data["image/svg+xml"])}
    return output


def _wrong(output: Any, data: dict[str, str], cell: Any) -> str:
    """What a lab may not show, in words; nothing if the output is fine."""
    if output.output_type == "error" or output.get("name") == "stderr" or data.keys() - SHOWN:
        what = output.get("evalue") or output.get("text") or ", ".join(data)
        return f"shows what a lab may not: {what.strip()}"
    drawing = data.get("image/svg+xml", "")
    if drawing and not cell.metadata.get("alt"):
        return 'draws a figure: say what it shows, # %% alt="…"'
    foreign = set(re.findall("#[0-9a-f]{6}", drawing)) - set(figures.colors("light").values())
    if foreign:
        return f"draws in {min(foreign)}; the colors of the book follow the scheme, C0 to C7"
    return ""


def _drawing(svg: str) -> str:
    """The SVG in one line, in the page's colors, with names of its own and nothing that leaks."""
    prefix = "d" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = LEAKS.sub("", svg[svg.index("<svg") :]).replace("xlink:href", "href")
    svg = svg.replace("<svg ", f'<svg style="{DRAWING}" ', 1)
    svg = re.sub(r'(?<=\sid=")|(?<=href="#)|(?<=url\(#)', f"{prefix}-", svg)
    for name, color in figures.colors("light").items():
        svg = svg.replace(color, PROPERTIES.get(name, f"var(--role-{name})"))
    return re.sub(r"\s+", " ", svg.strip())


@lru_cache(maxsize=1)
def _setup() -> str:
    """The first cell, which no reader sees: drawings as SVG, in the style of the book."""
    colors = list(symbols.colors("light").values())
    return (
        "import matplotlib\n"
        "get_ipython().run_line_magic('matplotlib', 'inline')\n"
        "import matplotlib_inline.backend_inline as inline\n"
        "inline.set_matplotlib_formats('svg', metadata={'Date': None, 'Creator': None})\n"
        f"matplotlib.rcParams.update({figures.style('light')!r})\n"
        f"matplotlib.rcParams['hatch.color'] = {figures.colors('light')['paper']!r}\n"
        f"matplotlib.rcParams['axes.prop_cycle'] = matplotlib.cycler(color={colors!r})\n"
    )


# The notebook to download


def notebook(path: Path) -> str:
    """The lab as .ipynb without outputs, that runs with NumPy and matplotlib alone."""
    found = read(path)
    head = meta(path)
    found.cells = [cell for cell in found.cells if cell.cell_type != "raw"]
    for cell in found.cells:
        if cell.cell_type == "markdown":
            cell.source = _plain(cell.source)
        elif "from attn" in cell.source:
            cell.source = _alone(cell.source, path)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    found.metadata = {"title": head["title"], "kernelspec": kernel}
    return nbformat.writes(found) + "\n"


def _plain(text: str) -> str:
    r"""Prose for a reader outside the site: symbols as TeX, links to other pages as words."""
    text = re.sub(r"\\s\{(\w+)\}", lambda m: symbols.load().symbol(m[1]).tex, text)
    return re.sub(r"\[([^]]+)\]\((?!https?:)[^)]*\)", r"\1", text)


def _alone(code: str, path: Path) -> str:
    """The imports from `attn` as the definitions that they bring."""
    draft = CACHE / f"{path.stem}.imports.py"
    whole.write(draft, code)
    return source.bundle(draft).rstrip("\n")


def generated() -> dict[str, str]:
    """The notebooks: address in the site → content."""
    return {f"labs/{path.stem}.ipynb": notebook(path) for path in sorted(LABS.glob("*.py"))}


def as_page(page: Any) -> None:
    """Leave the page to MkDocs: mkdocs-jupyter has done its part in `markdown`."""
    page.render = type(page).render.__get__(page)
