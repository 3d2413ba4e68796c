"""Estimates of the gradient, seen along the exact gradient, without and with a baseline."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from attn.ops.softmax import softmax

KIND = "computed"
ALT = (
    "Two histograms of estimates of the same gradient, both centered on the exact value. Without a "
    "baseline they scatter more than twice as widely, and many point the wrong way."
)
BATCH, BATCHES = 16, 4000


def figure(colors: dict[str, str]) -> Figure:
    """Draw where the mean of 16 draws lands, 4,000 times over."""
    rng = np.random.default_rng(0)
    alpha = softmax(rng.normal(size=10))
    R = 5 + rng.normal(size=10)
    exact = alpha * (R - alpha @ R)
    length = np.linalg.norm(exact)
    s = rng.choice(10, size=(BATCHES, BATCH), p=alpha)
    along = (np.eye(10)[s] - alpha) @ exact / length
    fig, axes = plt.subplots(2, 1, figsize=(6.6, 3.2), sharex=True)
    kinds = (("no baseline", 0.0, "soft"), ("baseline: the mean reward", alpha @ R, "parameter"))
    for ax, (name, b, role) in zip(axes, kinds, strict=True):
        g = ((R[s] - b) * along).mean(axis=1)
        ax.hist(g, bins=np.linspace(-1.0, 1.4, 61), color=colors[role])
        ax.axvline(length, color=colors["ink"], linewidth=1.4)
        ax.text(-1.0, ax.get_ylim()[1] * 0.8, name, color=colors[role], fontweight="bold")
        ax.text(1.4, ax.get_ylim()[1] * 0.8, f"spread {g.std():.2f}", ha="right")
        ax.set(yticks=[], xlim=(-1.0, 1.4))
        ax.spines["left"].set_visible(False)
    axes[1].set_xlabel(f"estimate from {BATCH} draws, along the exact gradient (line: its length)")
    return fig
