"""Figures: each fig_*.py is drawn for the light and the dark scheme, as SVG that never changes."""

import ast
import hashlib
import inspect
import io
import re
import runpy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import matplotlib.collections
import numpy as np

mpl.use("svg")

import matplotlib.pyplot as plt

from _hooks import code_key, experiments, symbols, whole
from _hooks.errors import ROOT, BuildError

CACHE = ROOT / ".cache" / "figures"
KINDS = ("illustrative", "computed", "measured")
SCHEMES = {
    "light": {"ink": "#1f2328", "soft": "#57606a", "grid": "#d0d7de", "paper": "#ffffff"},
    "dark": {"ink": "#e2e4e9", "soft": "#a5a9b4", "grid": "#454a57", "paper": "#1e2129"},
}


@dataclass(frozen=True)
class Figure:
    """A drawn figure: the SVG of each scheme, what it shows in words, if it was measured."""

    name: str
    script: Path
    svg: dict[str, str]
    alt: str
    kind: str
    runs: tuple[str, ...]

    def size(self) -> tuple[int, int]:
        """Width and height in CSS pixels."""
        found = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', self.svg["light"])
        assert found, "matplotlib states the size of an SVG in points"
        return round(float(found[1]) * 4 / 3), round(float(found[2]) * 4 / 3)


def scripts() -> dict[str, Path]:
    """All fig_*.py by name; two of the same name are refused."""
    found: dict[str, Path] = {}
    for path in sorted((ROOT / "snippets").glob("*/fig_*.py")):
        if path.stem in found:
            raise BuildError(f"two figures are called {path.stem}: {found[path.stem]}", path)
        found[path.stem] = path
    return found


def figure(name: str) -> Figure:
    """The figure `fig_x`, drawn now unless script and runs are as they were when it was drawn."""
    if name not in scripts():
        raise BuildError(f"there is no figure '{name}'; snippets/ has {', '.join(scripts())}")
    script = scripts()[name]
    return _drawn(script, _keys(script))


def _keys(script: Path) -> tuple[str, ...]:
    """What a figure depends on besides its script: code in attn, recorded runs, timings."""
    tree = ast.parse(script.read_text("utf-8"))
    wanted = sorted(
        {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg) and n.arg[:6] == "train_"}
    )
    timed = sorted(script.parent.glob("bench_*.json"))
    read = [path.read_text("utf-8") for path in timed if path.name in script.read_text("utf-8")]
    return (code_key.key(script), *(experiments.fingerprint(stem) for stem in wanted), *read)


@lru_cache(maxsize=128)
def _drawn(script: Path, keys: tuple[str, ...]) -> Figure:
    with experiments.imported_anew(script), experiments.blamed(script):
        return _figure(script, keys)


def _figure(script: Path, keys: tuple[str, ...]) -> Figure:
    module = _load(script)
    wanted = tuple(inspect.signature(module.figure).parameters)
    runs = {stem: experiments.runs(stem) for stem in wanted if stem != "colors"}
    kind = "measured" if runs else getattr(module, "KIND", "")
    if kind not in KINDS:
        raise BuildError('a figure without runs says KIND = "illustrative" or "computed"', script)
    name = hashlib.sha256("".join([*keys, _style_text()]).encode()).hexdigest()[:20]
    svg = {s: _cached(f"{script.stem}-{name}.{s}.svg", module, s, wanted, runs) for s in SCHEMES}
    alt = module.ALT if isinstance(module.ALT, str) else ""
    return Figure(script.stem, script, svg, alt or _alt(module, runs), kind, tuple(runs))


def _load(script: Path) -> SimpleNamespace:
    names = runpy.run_path(str(script))
    for required in ("figure", "ALT" if "alt" not in names else "alt"):
        if required not in names:
            raise BuildError(f"defines no {required}", script)
    return SimpleNamespace(**{"ALT": None, **names})


def _alt(module: SimpleNamespace, runs: dict[str, Any]) -> str:
    wanted = inspect.signature(module.alt).parameters
    return str(module.alt(**{stem: runs[stem] for stem in wanted}))


def _cached(
    name: str, module: SimpleNamespace, scheme: str, wanted: tuple[str, ...], runs: dict[str, Any]
) -> str:
    path = CACHE / name
    if not path.exists():
        whole.write(path, _draw(module, scheme, wanted, runs))
    return path.read_text("utf-8")


def _draw(
    module: SimpleNamespace, scheme: str, wanted: tuple[str, ...], runs: dict[str, Any]
) -> str:
    arguments = dict(runs)
    if "colors" in wanted:
        arguments["colors"] = colors(scheme)
    with mpl.rc_context(style(scheme)):  # type: ignore[arg-type]
        drawn = module.figure(**arguments)
        _as_cells(drawn)
        out = io.StringIO()
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        plt.close("all")
    return _tidied(out.getvalue())


def _as_cells(drawn: Any) -> None:
    """Each image as a grid of colored cells: pixels would not stay sharp in print."""
    for ax in drawn.axes:
        for image in list(ax.images):
            left, right, bottom, top = image.get_extent()
            first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
            rows, columns = image.get_array().shape
            across, down = np.linspace(left, right, columns + 1), np.linspace(first, last, rows + 1)
            grid = mpl.collections.QuadMesh(
                np.stack(np.meshgrid(across, down), axis=-1),
                array=image.get_array(),
                cmap=image.cmap,
                norm=image.norm,
                zorder=image.zorder,
            )
            ax.add_collection(grid, autolim=False)
            image.remove()
        for grid in (c for c in ax.collections if isinstance(c, mpl.collections.QuadMesh)):
            grid.set(rasterized=False, antialiased=False, edgecolor="face", linewidth=0.7)


def _tidied(svg: str) -> str:
    """Without the XML head, comments and metadata, which no reader needs; clips are numbered, for
    matplotlib makes their names of coordinates that the layout rounds otherwise in another run."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    for number, name in enumerate(re.findall(r'<clipPath id="(\w+)">', svg)):
        svg = svg.replace(f'id="{name}"', f'id="clip{number}"').replace(
            f"#{name})", f"#clip{number})"
        )
    return re.sub(r"\n\s*", "\n", svg)


def colors(scheme: str) -> dict[str, str]:
    """Role → color of the scheme, and `ink`, `soft`, `grid`, `paper` for all that has no role."""
    return {**symbols.colors(scheme), **SCHEMES[scheme]}


def style(scheme: str) -> dict[str, Any]:
    """matplotlib's settings: the book's size, fonts and colors, and nothing that changes by run."""
    c = SCHEMES[scheme]
    return {
        "svg.hashsalt": "attention",
        "svg.fonttype": "path",
        "figure.figsize": (6.6, 3.4),
        "figure.constrained_layout.use": True,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "savefig.transparent": True,
        "font.family": "DejaVu Sans",
        "font.size": 10.5,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": c["soft"],
        "axes.labelcolor": c["ink"],
        "text.color": c["ink"],
        "xtick.color": c["soft"],
        "ytick.color": c["soft"],
        "xtick.labelcolor": c["ink"],
        "ytick.labelcolor": c["ink"],
        "grid.color": c["grid"],
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 2.0,
        "mathtext.fontset": "stix",
        "image.cmap": "Oranges" if scheme == "light" else "inferno",
    }


def _style_text() -> str:
    """All that shapes a figure besides its script: this module, the colors, the libraries."""
    module = code_key.code(Path(__file__).read_text("utf-8"))
    return repr((module, [colors(s) for s in SCHEMES], mpl.__version__, np.__version__))


def show(name: str, caption: str, up: str) -> str:
    """The figure with its caption, as HTML in Markdown; `up` leads from the page to docs/."""
    drawn = figure(name)
    width, height = drawn.size()
    images = "\n".join(
        f"![{drawn.alt}]({up}{path(drawn, s)}#only-{s})"
        f"{{ width={width} height={height} loading=lazy }}"
        for s in SCHEMES
    )
    return (
        f'<figure class="plot" id="{name}" markdown="1">\n\n{images}\n\n'
        f'<figcaption markdown="1">\n\n<span class="kind kind-{drawn.kind}">{drawn.kind}</span> '
        f"{caption}\n\n</figcaption>\n\n</figure>"
    )


def path(drawn: Figure, scheme: str) -> str:
    """Where the site keeps the figure, from docs/."""
    return f"figures/{drawn.name}.{scheme}.svg"
