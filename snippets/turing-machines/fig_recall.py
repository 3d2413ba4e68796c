"""How many bits of a recalled item are wrong, by the number of items."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
MOST = 6  # items in training


def alt(train_recall: Runs) -> str:
    """Give every seed within training and beyond."""
    items, wrong = bits(train_recall)
    parts = [
        f"{n} items {', '.join(f'{b:.1f}' for b in wrong[:, items == n][:, 0])}"
        for n in (MOST, 10, items[-1])
    ]
    return f"Wrong bits of the 18 by number of items, a line a seed: {'; '.join(parts)}."


def figure(train_recall: Runs, colors: dict[str, str]) -> Figure:
    """Draw a line a seed."""
    drawn, axis = plt.subplots(figsize=(6.2, 2.8))
    items, wrong = bits(train_recall)
    axis.axvspan(2, MOST, color=colors["grid"], alpha=0.5, linewidth=0)
    axis.axhline(9, color=colors["soft"], linestyle=":", linewidth=1)
    axis.text(items[-1], 8.4, "guessing", ha="right", va="top", color=colors["soft"])
    for seed, line, dash in zip(train_recall, wrong, ("-", "--", ":"), strict=False):
        axis.plot(items, line, color=colors["weight"], linestyle=dash, label=f"seed {seed}")
    axis.set(xlabel="items shown", ylabel="wrong bits of 18", ylim=(-0.4, 9.6))
    axis.legend(loc="upper left")
    return drawn


def bits(train_recall: Runs) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of items, and the wrong bits, a row a seed."""
    runs = list(train_recall.values())
    return runs[0]["items"], np.array([run["wrong_bits"] for run in runs])
