"""What one core holds: a tile of queries, a tile of keys, and their scores."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

KIND = "illustrative"
ALT = (
    "Two grids of eight by eight tiles, queries down, keys across. Left, one row of tiles is being "
    "worked off from left to right: three are added up, the fourth is in memory, four are to come. "
    "Right, a causal mask: the tiles above the diagonal are never visited."
)
TILES, ROW, COLUMN = 8, 4, 3


def figure(colors: dict[str, str]) -> Figure:
    """Draw a row in progress beside the tiles that a causal mask leaves."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.5))
    grid(left, "One row of tiles at a time", colors)
    for column in range(TILES):
        done = 0.3 if column < COLUMN else 1 if column == COLUMN else 0
        tile(left, ROW, column, colors["weight"], done)
    left.text(COLUMN + 0.5, ROW + 0.5, "now", ha="center", va="center", color=colors["paper"])
    left.text(1.5, ROW + 0.5, "added up", ha="center", va="center")
    left.text(6, ROW + 0.5, "to come", ha="center", va="center")
    left.add_patch(plt.Rectangle((-0.7, ROW), 0.5, 1, color=colors["query"]))
    left.add_patch(plt.Rectangle((COLUMN, -0.7), 1, 0.5, color=colors["key"]))
    grid(right, "Causal: half of them never", colors)
    for row in range(TILES):
        for column in range(row + 1):
            tile(right, row, column, colors["weight"], 0.3)
        triangle = [(row + 1, row), (row + 1, row + 1), (row, row)]
        right.add_patch(plt.Polygon(triangle, color=colors["grid"]))
    right.text(5.9, 2, "not visited", ha="center", va="center", color=colors["ink"])
    return fig


def grid(ax: Axes, title: str, colors: dict[str, str]) -> None:
    """Empty tiles, queries down, keys across."""
    ax.set(xlim=(-0.8, TILES), ylim=(TILES, -0.8), aspect="equal", title=title)
    ax.set(xticks=[], yticks=[], xlabel="keys →", ylabel="← queries")
    ax.spines[:].set_visible(False)
    for line in range(TILES + 1):
        ax.plot([line, line], [0, TILES], color=colors["grid"], linewidth=0.8)
        ax.plot([0, TILES], [line, line], color=colors["grid"], linewidth=0.8)


def tile(ax: Axes, row: int, column: int, color: str, alpha: float) -> None:
    """Fill one tile."""
    ax.add_patch(plt.Rectangle((column, row), 1, 1, color=color, alpha=alpha, linewidth=0))
