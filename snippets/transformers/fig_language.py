"""A language model on letters: the fall of its loss by layers, and what it writes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
WINDOW = 20  # steps that are averaged for a point of a curve


def alt(train_language: Runs, train_language_one: Runs) -> str:
    """Say where the curves end."""
    two, one = (
        np.median([run["new"] for run in runs.values()])
        for runs in (train_language, train_language_one)
    )
    return (
        f"Left, loss by training step; on new text two layers end at {two:.2f} nats a letter, one "
        f"at {one:.2f}. Right, lines that the model with two layers wrote."
    )


def figure(train_language: Runs, train_language_one: Runs, colors: dict[str, str]) -> Figure:
    """Draw the loss of every seed, and a sample of the first."""
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 2.9), width_ratios=(1, 1.15))
    kinds = ((train_language_one, "one layer", "key", "--"), (train_language, "two", "weight", "-"))
    for runs, label, role, dash in kinds:
        for seed, run in runs.items():
            loss = run["loss"][: len(run["loss"]) // WINDOW * WINDOW].reshape(-1, WINDOW)
            steps = WINDOW * (np.arange(len(loss)) + 0.5)
            name = label if seed == 0 else None
            axes[0].plot(steps, loss.mean(axis=1), dash, color=colors[role], label=name, lw=1.4)
    pairs = np.median([run["pairs"] for run in train_language.values()])
    axes[0].axhline(pairs, color=colors["soft"], linestyle=":", linewidth=1.2)
    axes[0].text(700, pairs + 0.05, "pairs of letters", color=colors["soft"], ha="right")
    axes[0].set(title="loss, nats a letter", xlabel="training step", ylim=(0, 2.9))
    axes[0].legend()
    axes[1].axis("off")
    axes[1].set_title("it wrote")
    lines = [str(row).split("\n")[0] for row in next(iter(train_language.values()))["sample"]]
    shown = [line for line in lines if line.endswith(".") and len(line) <= 44][:9]
    axes[1].text(0, 0.96, "\n".join(shown), va="top", fontsize=8.5, linespacing=1.6)
    return fig
