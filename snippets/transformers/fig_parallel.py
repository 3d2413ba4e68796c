"""A layer of self-attention and a GRU: their operations and their times, by length."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
D = 64


def alt(train_parallel: Runs) -> str:
    """Say where the counts meet, and how the times compare there and at the longest text."""
    lengths, seconds = stacked(train_parallel, "seconds")
    attention, gru = np.median(seconds, axis=0).T
    here = list(lengths).index(D)
    return (
        f"Two panels by length. The multiply-adds of both layers meet at n = d = {D}. There the "
        f"GRU takes {gru[here] / attention[here]:.1f} times as long as self-attention; at "
        f"{lengths[-1]} words self-attention takes {attention[-1] / gru[-1]:.1f} times as long."
    )


def figure(train_parallel: Runs, colors: dict[str, str]) -> Figure:
    """Draw the counts and the times."""
    fig, axes = plt.subplots(1, 2, figsize=(7.2, 2.9))
    for ax, name, unit in ((axes[0], "counts", 1e6), (axes[1], "seconds", 1e-3)):
        lengths, values = stacked(train_parallel, name)
        for layer, role, dash in ((0, "weight", "-"), (1, "key", "--")):
            curve(ax, lengths, values[..., layer] / unit, colors[role], dash)
        ax.axvline(D, color=colors["soft"], linestyle=":", linewidth=1)
        ax.set(xscale="log", yscale="log", xlabel="length n")
        ax.set_xticks([16, 64, 256, 1024], ["16", "64", "256", "1,024"])
        ax.minorticks_off()
    axes[0].set_title("million multiply-adds, forward")
    axes[1].set_title("milliseconds, forward and back")
    axes[0].text(D * 1.1, 0.25, "n = d", color=colors["soft"])
    handles = axes[0].get_lines()[:2]
    fig.legend(handles, ("self-attention", "GRU"), loc="outside lower center", ncols=2)
    return fig


def stacked(runs: Runs, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The lengths, and the values of that name for every seed."""
    first = next(iter(runs.values()))
    return first["lengths"], np.array([run[name] for run in runs.values()])


def curve(ax: Axes, x: np.ndarray, y: np.ndarray, color: str, dash: str) -> None:
    """Draw the median of the seeds, and a band from the least to the most."""
    ax.plot(x, np.median(y, axis=0), dash, color=color)
    ax.fill_between(x, y.min(axis=0), y.max(axis=0), color=color, alpha=0.18, linewidth=0)
