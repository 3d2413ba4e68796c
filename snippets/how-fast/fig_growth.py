"""Time and memory of attention by length, as `make bench` recorded them."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

KIND = "measured"
RECORD = Path(__file__).with_name("bench_attention.AVX512_SPR.json")
CASES = json.loads(RECORD.read_text("utf-8"))["cases"]
SEEN_FROM = {("JAX", "mb"): 2048}  # below, its allocator uses pages that it kept: a call adds none
LINES = {
    "attn, plain form": ("score", "--"),
    "JAX": ("key", ":"),
    "PyTorch": ("query", "-."),
    "attn": ("weight", "-"),
}


def curve(label: str, what: str) -> tuple[list[int], list[float]]:
    """Length and value, for one head, forward, without a mask; None is what no system told.

    Raises: ValueError if a value is 0, which has no place on a logarithmic axis.
    """
    rows = {
        int(name.removeprefix("forward 1x")): case[label][what]
        for name, case in CASES.items()
        if name.startswith("forward 1x") and label in case
    }
    least = SEEN_FROM.get((label, what), 0)
    sizes = sorted(n for n in rows if n >= least and rows[n] is not None)
    if not all(rows[n] for n in sizes):
        raise ValueError(f"{label}: expected {what} above 0, got {rows}")
    return sizes, [rows[n] for n in sizes]


def alt() -> str:
    """The ends of the curves, in words."""
    (_, plain), (_, ours) = curve("attn, plain form", "mb"), curve("attn", "mb")
    (sizes, slow), (_, fast) = curve("attn", "ms"), curve("PyTorch", "ms")
    return (
        "Two panels with logarithmic axes. Time grows with the square of the length in all forms: "
        f"at {sizes[-1]:,} the tiled form takes {slow[-1]:,.0f} ms, PyTorch {fast[-1]:,.0f}. "
        "Memory of the plain form grows with the square, to "
        f"{plain[-1]:,.0f} MB; that of the tiled form to {ours[-1]:,.0f} MB at the greatest length."
    )


def figure(colors: dict[str, str]) -> Figure:
    """Draw both panels; each line is named at its end."""
    fig, axes = plt.subplots(1, 2, figsize=(6.6, 3.4))
    for ax, what, name in zip(axes, ("ms", "mb"), ("time, ms", "memory, MB"), strict=True):
        for label, (role, style) in LINES.items():
            x, y = curve(label, what)
            marker = {"marker": "o", "markersize": 3}
            ax.loglog(x, y, color=colors[role], linestyle=style, label=label, **marker)
        ax.set(xlabel="length n, one head", title=name)
        ax.grid(visible=True)
    axes[0].legend()
    return fig
