"""Learning where to look: seven gradients at the same small batch, and REINFORCE at larger ones."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
NAMES = ("soft", "exact", "none", "average", "others", "through", "gumbel")
SHOWN = {  # label, role, dash
    "soft": ("soft, the blend", "weight", "-"),
    "exact": ("exact", "value", "--"),
    "through": ("straight-through", "query", ":"),
    "gumbel": ("Gumbel-softmax", "context", (0, (6, 1, 1, 1, 1, 1))),
    "others": ("leave-one-out", "parameter", "-."),
    "average": ("moving average", "key", "--"),
    "none": ("REINFORCE", "score", "-"),
}
AT_RANDOM = 1 / 20 + 19 / 20 / 8  # reads one of 20 cells at random; knows the class of what it read


def alt(train_hard: Runs, train_hard_batch: Runs) -> str:
    """Say where the curves end."""
    last = np.median([run["accuracy"][:, -1] for run in train_hard.values()], axis=0)
    ends = dict(zip(NAMES, last, strict=True))
    found = ", ".join(f"{SHOWN[name][0]} {ends[name]:.2f}" for name in SHOWN)
    sizes, by_size = batches(train_hard_batch)
    larger = ", ".join(
        f"{a:.2f} at {n}" for n, a in zip(sizes, np.median(by_size, axis=0), strict=True)
    )
    return (
        f"Left, how often the answer is right over the updates; at the end: {found} (medians). "
        f"Right, REINFORCE by batch size: {larger}."
    )


def figure(train_hard: Runs, train_hard_batch: Runs, colors: dict[str, str]) -> Figure:
    """Draw learning curves with the level of chance, and the last accuracy by batch size."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.9), width_ratios=(1.7, 1), sharey=True)
    for name, (label, role, dash) in SHOWN.items():
        row = NAMES.index(name)
        curves = np.array([run["accuracy"][row] for run in train_hard.values()])
        updates = next(iter(train_hard.values()))["updates"]
        look = {"color": colors[role], "linewidth": 1.6}
        left.fill_between(
            updates, curves.min(0), curves.max(0), color=look["color"], alpha=0.14, linewidth=0
        )
        left.plot(updates, np.median(curves, axis=0), linestyle=dash, label=label, **look)
    sizes, by_size = batches(train_hard_batch)
    right.plot(sizes, np.median(by_size, axis=0), color=colors["score"])
    for last in by_size:
        right.plot(sizes, last, ".", color=colors["score"])
    for ax in (left, right):
        ax.axhline(AT_RANDOM, color=colors["soft"], linestyle=":", linewidth=1)
    left.text(
        6000, AT_RANDOM - 0.015, "a cell at random", color=colors["soft"], ha="right", va="top"
    )
    left.set(title="batches of 4 lists", xlabel="updates", ylabel="right answers", ylim=(0, 1.03))
    right.set(title="REINFORCE, larger batches", xlabel="lists in a batch", xscale="log")
    right.set_xticks(sizes, [str(n) for n in sizes])
    right.minorticks_off()
    fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def batches(runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """The batch sizes, and the last accuracy of REINFORCE with each, a row a seed."""
    sizes = next(iter(runs.values()))["sizes"]
    return sizes, np.array([run["accuracy"][1:, -1] for run in runs.values()])
