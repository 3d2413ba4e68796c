"""The bottleneck as a picture: thirteen words, one vector, one decoder."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

KIND = "illustrative"
ALT = (
    "Thirteen English words feed thirteen encoder states in a row; only the last state is handed "
    "on, as one vector of 512 numbers, and the decoder works from it alone."
)
SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank".split()


def figure(colors: dict[str, str]) -> Figure:
    """Draw the words, the chain of states and the one vector that survives."""
    fig, ax = plt.subplots(figsize=(7.2, 2.5))
    ax.set(xlim=(-0.7, 17.2), ylim=(-1.75, 1.6))
    ax.axis("off")
    last = len(SENTENCE) - 1
    for j, word in enumerate(SENTENCE):
        ax.text(
            j, -0.62, word, ha="right", va="top", rotation=45, rotation_mode="anchor", fontsize=9
        )
        edge = {"edgecolor": colors["key"], "linewidth": 1.2}
        ax.add_patch(plt.Rectangle((j - 0.32, -0.32), 0.64, 0.64, **edge, facecolor="none"))
        if j < last:
            arrow(ax, (j + 0.34, 0), (j + 0.66, 0), colors["soft"])
    ax.text(0, 0.55, "encoder states", color=colors["key"], ha="left", va="bottom")
    arrow(ax, (last + 0.4, 0), (last + 1.2, 0), colors["context"])
    for cell in range(8):  # a stack of cells stands for the vector
        low = -0.9 + cell * 0.225
        ax.add_patch(plt.Rectangle((last + 1.3, low), 0.5, 0.18, color=colors["context"]))
    ax.text(last + 1.55, 1.05, "512 numbers", color=colors["context"], ha="center", va="bottom")
    arrow(ax, (last + 1.95, 0), (last + 2.7, 0), colors["context"])
    ax.text(last + 2.85, 0, "decoder", color=colors["query"], va="center", fontweight="bold")
    return fig


def arrow(ax: plt.Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    """Draw an arrow from start to end."""
    style = {"arrowstyle": "-|>", "color": color, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)
