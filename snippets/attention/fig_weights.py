"""Other weights in a trained translator: what they move, and one map beside an adversary's."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
OTHERS = (("uniform", "key", "s"), ("shuffled", "query", "^"), ("adversary", "score", "o"))


def alt(train_weights: Runs) -> str:
    """Say how far weights and predictions move."""
    parts = []
    for name, _, _ in OTHERS:
        moved, output = (middle(train_weights, f"{name}_{what}") for what in ("moved", "output"))
        parts.append(f"{name} {moved:.0%} and {output:.1%}")
    return (
        "Left and middle, two maps of one sentence of 20 words: the translator's own runs along "
        "the diagonal, the adversary's strays from it. Right, how much of the attention and of "
        f"the prediction moves: {', '.join(parts)}."
    )


def figure(train_weights: Runs, colors: dict[str, str]) -> Figure:
    """Draw the two maps of the first seed, and all seeds' distances."""
    shade = LinearSegmentedColormap.from_list("weight", [colors["paper"], colors["weight"]])
    fig, axes = plt.subplots(1, 3, figsize=(7.4, 3.0), width_ratios=(1, 1, 1.15))
    first = next(iter(train_weights.values()))
    for ax, alpha, title in zip(axes, first["maps"], ("its own", "adversary's"), strict=False):
        ax.imshow(alpha[: len(first["english"])], cmap=shade, vmin=0, vmax=1, aspect="auto")
        ax.set(title=title, xlabel="French word", ylabel="English word", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    for name, role, marker in OTHERS:
        x, y = ([run[f"{name}_{w}"] for run in train_weights.values()] for w in ("moved", "output"))
        axes[2].plot(x, y, marker, color=colors[role], label=name)
    axes[2].set(title="what moves", xlabel="of the weights", ylabel="of the prediction")
    axes[2].set(xlim=(0, 1.02), ylim=(-0.03, 1.02))
    axes[2].legend(loc="center left")
    return fig


def middle(runs: Runs, name: str) -> float:
    """The median over seeds."""
    return float(np.median([run[name] for run in runs.values()]))
