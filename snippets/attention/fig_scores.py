"""The mean matrix of each way to score, and how far the seeds lie apart."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
LIMIT = 40  # words of the longest training sentence
SHOWN = 0.05  # a smaller spread is not written


def alt(
    train_translator: Runs,
    train_luong_dot: Runs,
    train_luong_general: Runs,
    train_luong_concat: Runs,
    train_luong_location: Runs,
    train_luong_local: Runs,
) -> str:
    """Say how each weighs *noir* in the row of black, and how well it agrees with the grammar."""
    named = zip(
        ("additive", "dot", "general", "concat", "location", "local-p"),
        (
            train_translator,
            train_luong_dot,
            train_luong_general,
            train_luong_concat,
            train_luong_location,
            train_luong_local,
        ),
        strict=True,
    )
    each = "; ".join(
        f"{name}, {np.mean([run['alpha'][1, 2] for run in runs.values()]):.2f} and "
        f"{error(runs):.2f}"
        for name, runs in named
    )
    return (
        "Six mean matrices of weights for le chat noir dort, rows in English. The weight of noir "
        f"in the row of black, and the alignment error: {each}."
    )


def figure(
    train_translator: Runs,
    train_luong_dot: Runs,
    train_luong_general: Runs,
    train_luong_concat: Runs,
    train_luong_location: Runs,
    train_luong_local: Runs,
    colors: dict[str, str],
) -> Figure:
    """Draw a matrix for each score: shade the mean, write the spread."""
    shade = LinearSegmentedColormap.from_list("weight", [colors["paper"], colors["weight"]])
    fig, axes = plt.subplots(2, 3, figsize=(7.4, 5.0), sharex=True, sharey=True)
    panels = {
        "additive": train_translator,
        "dot": train_luong_dot,
        "general": train_luong_general,
        "concat": train_luong_concat,
        "location": train_luong_location,
        "local-p": train_luong_local,
    }
    for ax, (name, runs) in zip(axes.flat, panels.items(), strict=True):
        maps = np.array([run["alpha"] for run in runs.values()])
        first = next(iter(runs.values()))
        rows, columns = [*first["english"], "(end)"], first["french"]
        ax.imshow(maps.mean(axis=0), cmap=shade, vmin=0, vmax=1)
        for (i, j), spread in np.ndenumerate(np.ptp(maps, axis=0)):
            if spread >= SHOWN:
                ink = readable(shade(maps[:, i, j].mean()), colors)
                ax.text(j, i, f"±{spread / 2:.2f}", ha="center", va="center", color=ink, fontsize=8)
        ax.set(title=f"{name}, error {error(runs):.2f}")
        ax.set_xticks(range(len(columns)), columns, style="italic")
        ax.set_yticks(range(len(rows)), rows)
        ax.tick_params(length=0)
        ax.spines[:].set(visible=True, color=colors["grid"])
    return fig


def readable(cell: tuple[float, ...], colors: dict[str, str]) -> str:
    """The ink or the paper, whichever stands out more on the color of the cell."""
    light = {name: luminance(to_rgb(colors[name])) for name in ("ink", "paper")}
    here = luminance(cell)
    ratio = {k: (max(v, here) + 0.05) / (min(v, here) + 0.05) for k, v in light.items()}
    return colors[max(ratio, key=ratio.__getitem__)]


def luminance(color: tuple[float, ...]) -> float:
    """How bright a color is, from 0 to 1."""
    return float(np.dot(np.power(color[:3], 2.2), [0.2126, 0.7152, 0.0722]))


def error(runs: Runs) -> float:
    """The median over seeds of the alignment error, up to the training limit."""
    return float(
        np.median([r["alignment_error"][r["lengths"] <= LIMIT].mean() for r in runs.values()])
    )
