"""Flashlight and spotlight: what each reads from the same weights."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

KIND = "illustrative"
ALT = (
    "Left, bars: the weights of four words, the tallest that of noir. Right, dots: the one word "
    "that each of eight draws reads, mostly noir, sometimes another."
)
WORDS = ("Le", "chat", "noir", "dort")
ALPHA = np.array([0.05, 0.10, 0.80, 0.05])


def figure(colors: dict[str, str]) -> Figure:
    """Draw one row of shares beside eight rows with a single mark each."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.7), width_ratios=(1, 1))
    left.bar(WORDS, ALPHA, color=colors["weight"])
    for j, share in enumerate(ALPHA):
        left.text(j, share + 0.02, f"{share:.2f}", ha="center", va="bottom")
    left.set(title="Soft: one blend", ylim=(0, 1), yticks=[])
    left.spines["left"].set_visible(False)
    draws = np.random.default_rng(3).choice(4, size=8, p=ALPHA)
    right.scatter(draws, range(8), s=70, color=colors["weight"], zorder=3)
    right.set(title="Hard: eight draws", xticks=range(4), xticklabels=WORDS, xlim=(-0.5, 3.5))
    right.set(ylim=(7.6, -0.6), yticks=range(8), yticklabels=range(1, 9), ylabel="draw")
    right.grid(axis="y")
    right.spines["left"].set_visible(False)
    return fig
