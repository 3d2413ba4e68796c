"""Where the trained translator looks, for a sentence that no run was trained on."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure


def alt(train_translator: dict[int, dict[str, np.ndarray]]) -> str:
    """Say what the matrices show, with the weight that the page quotes."""
    weights = ", ".join(f"{run['alpha'][1, 2]:.2f}" for run in train_translator.values())
    return (
        "Matrices of attention weights for le chat noir dort, one for each seed; rows are English "
        f"words, columns French words. In the row of black, noir has {weights}; the row of cat "
        "looks back to chat; the row of the differs from seed to seed."
    )


def figure(train_translator: dict[int, dict[str, np.ndarray]], colors: dict[str, str]) -> Figure:
    """Draw one matrix a seed, every weight written into its cell."""
    shade = LinearSegmentedColormap.from_list("weight", [colors["paper"], colors["weight"]])
    runs = list(train_translator.items())
    fig, axes = plt.subplots(1, len(runs), figsize=(7.4, 3.1), sharey=True, squeeze=False)
    for ax, (seed, run) in zip(axes[0], runs, strict=True):
        alpha, rows, columns = run["alpha"], [*run["english"], "(end)"], run["french"]
        ax.imshow(alpha, cmap=shade, vmin=0, vmax=1)
        for (i, j), weight in np.ndenumerate(alpha):
            ink = colors["paper"] if weight > 0.5 else colors["ink"]
            ax.text(j, i, f"{weight:.2f}", ha="center", va="center", color=ink, fontsize=8.5)
        ax.set(title=f"seed {seed}", xticks=range(len(columns)), yticks=range(len(rows)))
        ax.set_xticklabels(columns, style="italic")
        ax.set_yticklabels(rows)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return fig
