"""How far the loss's gradient reaches into the source: before training, and after."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
LENGTHS = (10, 20, 40)
KINDS = (("attention", "weight", "-"), ("fixed", "context", "--"))


def alt(train_reach: Runs) -> str:
    """Say how the middle of the longest sentences fares."""
    least = {
        (name, when): np.median([run[f"{name}_{when}_40"].min() for run in shares(train_reach)])
        for name, _, _ in KINDS
        for when in ("before", "after")
    }
    return (
        "Norm of the gradient at each source word, as a share of the largest, for sentences of 10, "
        "20 and 40 words. Before training the fixed vector's curves sag towards the middle, at 40 "
        f"words to {least['fixed', 'before']:.4f}, while attention keeps at least "
        f"{least['attention', 'before']:.2f}; after training the fixed vector keeps at least "
        f"{least['fixed', 'after']:.2f}."
    )


def figure(train_reach: Runs, colors: dict[str, str]) -> Figure:
    """Draw the median over seeds of each profile, on a logarithmic axis."""
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.2), sharey=True)
    for ax, when in zip(axes, ("before", "after"), strict=True):
        for name, role, dash in KINDS:
            for n in LENGTHS:
                y = np.median([run[f"{name}_{when}_{n}"] for run in shares(train_reach)], axis=0)
                label = {"attention": "attention", "fixed": "fixed vector"}[name]
                look = {"color": colors[role], "linestyle": dash, "linewidth": 0.8 + n / 28}
                ax.plot(np.arange(1, n + 1), y, **look, label=label if n == 20 else None)
                if (name, when) == ("fixed", "before"):
                    note = {"color": colors[role], "ha": "center", "va": "bottom"}
                    ax.text(1 + y.argmin(), 1.4 * y.min(), f"{n}", fontsize=9, **note)
        ax.set(title=f"{when} training", xlabel="place of the source word", yscale="log")
        ax.set_ylim(7e-4, 1.5)
    axes[0].set_ylabel("gradient, share of the largest")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def shares(runs: Runs) -> list[dict[str, np.ndarray]]:
    """Each run with its profiles divided by their largest value."""
    return [{key: y / y.max() for key, y in run.items() if key != "loss"} for run in runs.values()]
