"""The online softmax of one row of scores: a higher peak shrinks what was added up."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

KIND = "computed"
SCORES = np.array([1.0, 0.2, 1.6, 0.4, 1.1, 0.7, 3.1, 2.2, 1.9, 2.6, 0.5, 2.0])
TILE = 3


def running() -> list[tuple[float, float, float]]:
    """Peak, shrink and total after each tile."""
    steps, peak, total = [], -np.inf, 0.0
    for e in SCORES.reshape(-1, TILE):
        risen = max(peak, e.max())
        shrink = np.exp(peak - risen)
        peak, total = risen, total * shrink + np.exp(e - risen).sum()
        steps.append((peak, shrink, total))
    return steps


def alt() -> str:
    """What the bars and the line show, in words."""
    totals = ", ".join(f"{total:.2f}" for _, _, total in running())
    return (
        "Twelve scores as bars, in four tiles of three. The highest so far rises in the third "
        f"tile, and the sum so far shrinks by the factor {running()[2][1]:.2f} before the tile is "
        f"added. The sum after each tile: {totals}."
    )


def figure(colors: dict[str, str]) -> Figure:
    """Draw the scores, the peak so far, and the sums below."""
    fig, ax = plt.subplots(figsize=(6.6, 3.2))
    ax.bar(range(len(SCORES)), SCORES, color=colors["score"], width=0.7)
    for tile, (peak, shrink, total) in enumerate(running()):
        start = tile * TILE - 0.5
        ax.plot([start, start + TILE], [peak, peak], color=colors["ink"], linestyle="--")
        note = f"sum {total:.2f}" if tile == 0 else f"× {shrink:.2f}, then\nsum {total:.2f}"
        ax.text(start + TILE / 2, -0.15, note, ha="center", va="top", color=colors["weight"])
        if tile:
            ax.axvline(start, color=colors["grid"], linewidth=1)
    ax.text(len(SCORES) - 0.6, 3.2, "highest so far", ha="right", va="bottom")
    ax.set(xlim=(-0.5, len(SCORES) - 0.5), ylim=(-0.9, 3.7), xticks=[], ylabel="score")
    ax.set_yticks([0, 1, 2, 3])
    ax.spines["bottom"].set_visible(False)
    return fig
