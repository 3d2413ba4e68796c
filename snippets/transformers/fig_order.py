"""What a name holds now: accuracy by position, with each code of position and with none."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
TRAINED = 32
LOOKS = {
    "alibi": ("ALiBi", "weight", "-", 0.97),
    "rotary": ("rotary", "query", "--", 0.47),
    "none": ("no positions", "score", "-", 0.25),
    "sinusoidal": ("waves", "key", "-.", 0.09),
    "learned": ("learned", "parameter", ":", 0.17),
}


def alt(train_order: Runs) -> str:
    """Say where each code stands where training ended, and at the longest texts."""
    first = next(iter(train_order.values()))
    middle = 100 * np.median([run["accuracy"] for run in train_order.values()], axis=0)
    at = list(first["edges"]).index(TRAINED) - 1
    rows = zip(first["codes"], middle, strict=True)
    parts = [f"{LOOKS[code][0]} {row[at]:.0f} and {row[-1]:.0f}" for code, row in rows]
    return f"Right answers in percent, before word {TRAINED} and at the end: {', '.join(parts)}."


def figure(train_order: Runs, colors: dict[str, str]) -> Figure:
    """Draw the share of right answers by position, and what a set of words can tell."""
    first = next(iter(train_order.values()))
    middle = np.sqrt(np.maximum(first["edges"][:-1], 4) * first["edges"][1:])
    fig, ax = plt.subplots(figsize=(6.6, 3.4))
    ax.axvline(TRAINED, color=colors["soft"], linestyle=":", linewidth=1)
    ax.text(TRAINED * 0.96, 0.03, "trained to here", ha="right", color=colors["soft"])
    bound = np.median([run["without_order"] for run in train_order.values()], axis=0)
    ax.plot(middle, bound, "o", color=colors["ink"], markersize=4, markerfacecolor="none")
    ax.text(middle[0], 0.3, "○ all that can be known\n    without order", color=colors["ink"])
    for row, code in enumerate(first["codes"]):
        name, role, dash, height = LOOKS[code]
        seeds = np.array([run["accuracy"][row] for run in train_order.values()])
        ax.fill_between(
            middle, seeds.min(0), seeds.max(0), color=colors[role], alpha=0.18, linewidth=0
        )
        ax.plot(middle, np.median(seeds, axis=0), dash, color=colors[role])
        ax.text(middle[-1] * 1.05, height, name, color=colors[role], va="center")
    ax.set_xscale("log", base=2)
    ax.set(xlabel="position of the question", ylabel="right answers", ylim=(0, 1.03), xlim=(5, 400))
    ax.set_xticks([8, 16, 32, 64, 128, 256], ["8", "16", "32", "64", "128", "256"])
    return fig
