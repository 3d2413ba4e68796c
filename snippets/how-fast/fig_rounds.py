"""The way back as a tournament: who meets whom in which round."""

from unittest import mock

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from attn.mechanisms import tiled

KIND = "computed"
ALT = (
    "Two grids of six by six tiles, each with the number of the round in which it is computed. "
    "No number stands twice in a row or in a column. Right, with a causal mask, the tiles above "
    "the diagonal stay empty."
)
TILES = 6


def figure(colors: dict[str, str]) -> Figure:
    """Draw the rounds as the package plans them."""
    fig, axes = plt.subplots(1, 2, figsize=(6.6, 3.4))
    for ax, causal, title in zip(axes, (False, True), ("All pairs", "Causal"), strict=True):
        for number, pairs in enumerate(rounds(causal), 1):
            for row, column in pairs:
                first = number == 1
                face = colors["weight"] if first else colors["grid"]
                ax.add_patch(
                    plt.Rectangle((column, row), 1, 1, color=face, alpha=1 if first else 0.4)
                )
                ink = colors["paper"] if first else colors["ink"]
                ax.text(column + 0.5, row + 0.5, number, ha="center", va="center", color=ink)
        ax.set(xlim=(0, TILES), ylim=(TILES, 0), aspect="equal", title=title)
        ax.set(xticks=[], yticks=[], xlabel="keys →", ylabel="← queries")
        ax.spines[:].set_visible(False)
    return fig


def rounds(causal: bool) -> list[list[tuple[int, int]]]:
    """Row and column of each tile, by round, for sequences of six tiles of one."""
    x = np.zeros((TILES, 1))
    with mock.patch.multiple(tiled, QUERIES=1, KEYS=1):
        plan = tiled._rounds(tiled._job(x, x, x, None, causal))
        return [[(rows.start, keys.start) for _, rows, keys in pairs] for pairs in plan]
