"""Where the two hops of soft_hops.py look, and what the arg-max of argmax_hops.py picks."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from attn.ops.softmax import softmax

KIND = "computed"
STORY = ["Ana took the lamp", "Ben is in the garden", "Ana is in the kitchen", "Ben took the coat"]
QUESTION = "Where is the lamp"
TABLES = [{"lamp": 2, "coat": 2, "is": 1}, {"Ana": 2, "Ben": 2, "is": 2}, {"kitchen": 3}]
PICKED = [0, 2]
TITLES = ["hop 1: who has the lamp?", "hop 2: where is Ana?"]


def hops() -> list[np.ndarray]:
    """The weights of both hops."""
    words = sorted({word for text in [*STORY, QUESTION] for word in text.split()})
    x = np.array([[text.split().count(word) for word in words] for text in [QUESTION, *STORY]])
    embedded = [x * np.array([float(table.get(word, 0)) for word in words]) for table in TABLES]
    u, weights = embedded[0][0], []
    for m, c in pairwise(embedded):
        weights.append(softmax(m[1:] @ u))
        u = u + weights[-1] @ c[1:]
    return weights


def alt() -> str:
    """Where each hop looks."""
    first, second = hops()
    return (
        f"Two bar charts of weights over four facts. Hop 1 gives {first.max():.2f} to "
        f"“{STORY[first.argmax()]}”, hop 2 gives {second.max():.2f} to “{STORY[second.argmax()]}”. "
        f"Rings mark what the arg-max picks: “{STORY[PICKED[0]]}”, “{STORY[PICKED[1]]}”."
    )


def figure(colors: dict[str, str]) -> Figure:
    """One panel a hop; the ring is the fact that arg-max picks."""
    drawn, axes = plt.subplots(1, 2, sharey=True, figsize=(6.6, 2.4))
    for axis, p, picked, hop in zip(axes, hops(), PICKED, TITLES, strict=True):
        axis.barh(np.arange(4), p, color=colors["weight"], height=0.6)
        axis.plot(1.32, picked, "o", markersize=10, markerfacecolor="none", color=colors["ink"])
        for i, weight in enumerate(p):
            axis.text(weight + 0.03, i, f"{weight:.2f}", va="center", fontsize=9)
        axis.set_title(hop)
        axis.set_xlim(0, 1.45)
        axis.set_xticks([])
        axis.spines["bottom"].set_visible(False)
    axes[0].set_yticks(np.arange(4), STORY)
    axes[0].invert_yaxis()
    axes[0].tick_params(axis="y", length=0)
    axes[1].tick_params(axis="y", length=0)
    return drawn
