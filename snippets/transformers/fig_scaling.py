"""What becomes of softmax as queries and keys grow, scaled and not."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
ENTROPY, FAINT = 1, 4  # columns of the table in the records


def alt(train_scaling: Runs) -> str:
    """Say how both numbers change from the smallest to the largest size."""
    raw, scaled = middle(train_scaling, "raw"), middle(train_scaling, "scaled")
    sizes = next(iter(train_scaling.values()))["sizes"]
    return (
        f"From d = {sizes[0]} to {sizes[-1]}, unscaled: entropy falls from {raw[0, ENTROPY]:.1f} "
        f"to {raw[-1, ENTROPY]:.2f} nats, rows with hardly any gradient grow from "
        f"{100 * raw[0, FAINT]:.0f} to {100 * raw[-1, FAINT]:.0f} percent. Scaled, entropy stays "
        f"at {scaled[-1, ENTROPY]:.1f}, and there are no such rows."
    )


def figure(train_scaling: Runs, colors: dict[str, str]) -> Figure:
    """Draw the entropy, and the share of rows through which hardly any gradient comes back."""
    sizes = next(iter(train_scaling.values()))["sizes"]
    fig, axes = plt.subplots(1, 2, figsize=(7.0, 2.6))
    kinds = (("raw", "unscaled", "score", "--o"), ("scaled", "divided by √d", "weight", "-s"))
    for kind, label, role, line in kinds:
        values = middle(train_scaling, kind)
        for ax, column, by in ((axes[0], ENTROPY, 1), (axes[1], FAINT, 100)):
            ax.plot(sizes, by * values[:, column], line, color=colors[role], label=label)
    axes[0].axhline(np.log(10), color=colors["soft"], linestyle=":", linewidth=1)
    axes[0].text(sizes[-1], np.log(10) + 0.05, "uniform", ha="right", color=colors["soft"])
    axes[0].set(title="entropy of ten weights, nats", ylim=(0, 2.7))
    axes[1].set(title="rows with hardly any gradient, %", ylim=(-3, 100))
    for ax in axes:
        ax.set_xscale("log", base=2)
        ax.set_xticks(sizes, [str(d) for d in sizes])
        ax.set_xlabel("d")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def middle(runs: Runs, kind: str) -> np.ndarray:
    """The table of the seeds' medians, a row a size."""
    return np.asarray(np.median([run[kind] for run in runs.values()], axis=0))
