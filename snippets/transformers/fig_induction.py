"""Two layers learn to look back: the sudden fall of the loss, and the two heads that make it."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
WINDOW = 10  # steps that are averaged for a point of a curve


def alt(train_induction: Runs, train_induction_one: Runs) -> str:
    """Say how many symbols are right in the end, and how the heads look."""
    two, one = (
        ", ".join(f"{run['accuracy']:.1%}" for run in runs.values())
        for runs in (train_induction, train_induction_one)
    )
    return (
        "Left, loss by training step: with two layers it falls suddenly, after hundreds of steps, "
        f"to {two} of the repeated symbols right; with one layer it stays high, {one}. Middle and "
        "right, weights on a sequence of period 16: a head of the first layer on the symbol "
        "before, one of the second on the symbol after the same one, 15 steps back."
    )


def figure(train_induction: Runs, train_induction_one: Runs, colors: dict[str, str]) -> Figure:
    """Draw the loss of every seed, and two heads of the first."""
    fig, axes = plt.subplots(1, 3, figsize=(7.4, 2.7), width_ratios=(1.2, 1, 1))
    kinds = (
        (train_induction_one, "one layer", "key", "--"),
        (train_induction, "two", "weight", "-"),
    )
    for runs, label, role, dash in kinds:
        for seed, run in runs.items():
            loss = run["loss"][: len(run["loss"]) // WINDOW * WINDOW].reshape(-1, WINDOW)
            steps = WINDOW * (np.arange(len(loss)) + 0.5)
            name = label if seed == 0 else None
            axes[0].plot(steps, loss.mean(axis=1), dash, color=colors[role], label=name, lw=1.4)
    axes[0].set(title="loss", xlabel="training step", ylim=(0, 4))
    axes[0].legend(loc="center right")
    run = next(iter(train_induction.values()))
    shade = LinearSegmentedColormap.from_list("weight", [colors["paper"], colors["weight"]])
    heads = (("first", "layer 1: the one before"), ("last", "layer 2: what followed"))
    for ax, (name, title) in zip(axes[1:], heads, strict=True):
        ax.imshow(run[name].astype(float), cmap=shade, vmin=0, vmax=1)
        ax.set_title(title, fontsize=9.5)
        ax.set(xlabel="key", xticks=(0, 16, 32), yticks=(0, 16, 32))
    axes[1].set_ylabel("query")
    return fig
