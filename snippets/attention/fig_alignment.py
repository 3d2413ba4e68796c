"""How well the weights agree with the grammar, by length, each seed a line."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

LIMIT = 40  # words of the longest training sentence
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)))


def alt(train_translator: dict[int, dict[str, np.ndarray]]) -> str:
    """Say how far the seeds lie apart."""
    error = np.array([run["alignment_error"] for run in train_translator.values()])
    crossed = np.array([run["crossed"] for run in train_translator.values()])
    return (
        f"Left, alignment error by length, one line a seed, between {error.min():.2f} and "
        f"{error.max():.2f}. Right, the share of crossing pairs whose weights cross, between "
        f"{crossed.min():.2f} and {crossed.max():.2f}. A dotted line marks the training limit."
    )


def figure(train_translator: dict[int, dict[str, np.ndarray]], colors: dict[str, str]) -> Figure:
    """Draw alignment error and the share of crossing pairs that cross."""
    fig, axes = plt.subplots(1, 2, figsize=(7.2, 2.8))
    for (seed, run), dash in zip(train_translator.items(), DASHES, strict=False):
        look = {"linestyle": dash, "label": f"seed {seed}", "color": colors["weight"]}
        axes[0].plot(run["lengths"], run["alignment_error"], **look)
        axes[1].plot(run["lengths"], run["crossed"], **look)
    for ax, title in zip(axes, ("alignment error", "crossing pairs that cross"), strict=True):
        ax.axvline(LIMIT, color=colors["soft"], linestyle=":", linewidth=1)
        ax.set(title=title, xlabel="words of the French sentence", ylim=(0, 1.02))
    axes[0].text(LIMIT - 0.8, 0.9, "trained to here", ha="right", color=colors["soft"])
    axes[0].legend(loc="center left")
    return fig
