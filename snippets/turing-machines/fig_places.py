"""How many bits of a sorted sequence are wrong, by the place in the order."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]


def alt(train_sort: Runs) -> str:
    """Give the median at each place."""
    medians = ", ".join(f"{100 * m:.0f}" for m in np.median(shares(train_sort), axis=0))
    return f"Percent of wrong bits by place in the order, medians of the seeds: {medians}."


def figure(train_sort: Runs, colors: dict[str, str]) -> Figure:
    """Draw a line a seed."""
    drawn, axis = plt.subplots(figsize=(6.2, 2.6))
    for seed, line, dash in zip(train_sort, shares(train_sort), ("-", "--", ":"), strict=False):
        place = np.arange(1, len(line) + 1)
        look = {"color": colors["weight"], "linestyle": dash, "label": f"seed {seed}"}
        axis.plot(place, 100 * line, **look)
    axis.axhline(50, color=colors["soft"], linestyle=":", linewidth=1)
    axis.text(1, 48, "guessing", va="top", color=colors["soft"])
    axis.set(xlabel="place, from the highest priority", ylabel="wrong bits, %", ylim=(-2, 54))
    axis.set_xticks(place)
    axis.legend(loc="center left")
    return drawn


def shares(train_sort: Runs) -> np.ndarray:
    """The share of wrong bits at each place, a row a seed."""
    return np.array([run["wrong_by_place"] for run in train_sort.values()])
