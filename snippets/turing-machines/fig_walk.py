"""Where the heads of the trained machine stand at each step of a copy."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
SEED = 0
LEAST = 0.05  # weights below are not drawn


def alt(train_copy: Runs) -> str:
    """Say where the heads stand before and after the mark."""
    read, write = weights(train_copy)
    length = len(read) // 2
    walk = np.diff(np.unwrap(read[length:].argmax(axis=1), period=read.shape[1]))
    same = np.isin(read[length:].argmax(axis=1), write[:length].argmax(axis=1)).mean()
    return (
        f"Two maps, steps across and memory rows down. Left, while {length} vectors come in, the "
        f"write head moves one row a step, with {write[:length].max(axis=1).mean():.2f} of its "
        f"weight on a single row, and it walks on while the copy goes out. Right, the read head "
        f"has its peak on row {read[:length].mean(axis=0).argmax()}, blurred; weights "
        f"below {LEAST} are not drawn. From the mark on it moves one row in "
        f"{100 * np.mean(np.abs(walk) == 1):.0f} % of the steps, and {100 * same:.0f} % of its "
        "rows have been written."
    )


def figure(train_copy: Runs, colors: dict[str, str]) -> Figure:
    """Two maps side by side; a square is a weight."""
    shade = LinearSegmentedColormap.from_list("weight", [colors["paper"], colors["weight"]])
    drawn, axes = plt.subplots(1, 2, sharex=True, sharey=True, figsize=(7.2, 3.6))
    read, write = weights(train_copy)
    for axis, w, title in zip(axes, (write, read), ("write head", "read head"), strict=True):
        step, row = np.nonzero(w >= LEAST)
        dots = axis.scatter(step, row, c=w[step, row], cmap=shade, vmin=0, vmax=1, marker="s", s=6)
        axis.axvline(len(w) // 2, color=colors["soft"], linestyle=":", linewidth=1.2)
        axis.set_title(title)
        axis.set_xticks([len(w) / 4, 3 * len(w) / 4], ["vectors come in", "copy goes out"])
        axis.tick_params(axis="x", length=0)
        axis.set_ylim(w.shape[1] - 0.5, -0.5)
    axes[0].set_ylabel("row of the memory")
    drawn.colorbar(dots, ax=axes, label="weight", shrink=0.8)
    return drawn


def weights(train_copy: Runs) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the read head and of the write head, a row a step."""
    w = train_copy[SEED]["w"] / 255
    return w[:, 0], w[:, 1]
