"""What the memory holds after the first vector, after the last, and after the copy."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
SEED = 0
TITLES = ("first vector written", "last vector written", "copy read out")


def alt(train_copy: Runs) -> str:
    """Count the rows that are no longer as all were in the beginning."""
    M = memories(train_copy)
    written = (np.abs(M - M[0, -1]).max(axis=-1) > 0.5).sum(axis=1)
    return (
        "Three maps of the memory, 64 rows down and eight of the 16 numbers across. Rows that have "
        f"changed: {written[0]} after the first vector, {written[1]} after the last, {written[2]} "
        "when the copy has been read out."
    )


def figure(train_copy: Runs, colors: dict[str, str]) -> Figure:
    """Three maps side by side, negative and positive numbers in two colors."""
    ends = [colors["query"], colors["paper"], colors["memory"]]
    shade = LinearSegmentedColormap.from_list("numbers", ends)
    drawn, axes = plt.subplots(1, 3, sharey=True, figsize=(6.6, 3.8))
    for axis, M, title in zip(axes, memories(train_copy), TITLES, strict=True):
        image = axis.imshow(M, cmap=shade, vmin=-1, vmax=1, aspect="auto")
        axis.set_title(title, fontsize=10)
        axis.set_xticks([])
    axes[0].set_ylabel("row of the memory")
    drawn.colorbar(image, ax=axes, label="number", shrink=0.8)
    return drawn


def memories(train_copy: Runs) -> np.ndarray:
    """Half of the columns of the memory, at three moments."""
    return train_copy[SEED]["M"][..., ::2].astype(float)
