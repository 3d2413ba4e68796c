"""Where the head of copy_by_hand.py stands at every step, with and without sharpening."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from attn.mechanisms.addressing import content, interpolate, sharpen, shift, write

KIND = "computed"
ALT = (
    "Two maps of the head's weights: 40 steps across, 24 memory rows down. Left, without "
    "sharpening: a diagonal from row 1 toward row 20 while writing, and again while reading; both "
    "fade and widen as they go. Right, with gamma 2: the same two diagonals stay one row wide."
)

ROWS, LENGTH, UNSURE = 24, 20, np.array([0.0, 0.1, 0.9])
MARK = np.eye(9)[0]
TITLES = {1.0: "γ = 1: it blurs", 2.0: "γ = 2: it holds"}


def path(gamma: float) -> np.ndarray:
    """The weights of the head at each of the steps, a row each."""
    x = np.random.default_rng(0).integers(0, 2, (LENGTH, 9)) * (1 - MARK)
    w = np.eye(ROWS)[0]
    M = write(w, np.ones(9), MARK, np.zeros((ROWS, 9)))
    steps = []
    for t in range(2 * LENGTH):
        jump = np.array(float(t == LENGTH))
        w_g = interpolate(content(MARK, np.array(50.0), M), jump, w)
        w = sharpen(shift(w_g, UNSURE), np.array(gamma))
        if t < LENGTH:
            M = write(w, np.ones(9), x[t], M)
        steps.append(w)
    return np.array(steps)


def figure(colors: dict[str, str]) -> Figure:
    """Two maps side by side: the blur, and its cure."""
    drawn, axes = plt.subplots(1, 2, sharey=True, figsize=(6.6, 3.4))
    for axis, (gamma, name) in zip(axes, TITLES.items(), strict=True):
        image = axis.imshow(path(gamma).T, vmin=0, vmax=1, aspect="auto")
        axis.axvline(LENGTH - 0.5, color=colors["soft"], linestyle=":", linewidth=1.2)
        axis.set_title(name)
        axis.set_xticks([LENGTH / 2 - 0.5, 1.5 * LENGTH - 0.5], ["writing", "reading"])
        axis.tick_params(axis="x", length=0)
    axes[0].set_ylabel("row of the memory")
    drawn.colorbar(image, ax=axes, label="weight", shrink=0.8)
    return drawn
