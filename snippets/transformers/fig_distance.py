"""How much of a gradient reaches a word, by its distance from where the gradient starts."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
LOOKS = {
    "attention": ("self-attention", "weight", "-", (150, 2e-2)),
    "gru_kept": ("GRU, gates set to keep", "key", "-.", (105, 3e-8)),
    "gru": ("GRU as drawn", "score", "--", (52, 1e-9)),
}


def alt(train_distance: Runs) -> str:
    """Say what is left of each gradient at 64 words and at the farthest."""
    parts = [
        f"{name} 10^{at(train_distance, kind, 64):.0f} and 10^{at(train_distance, kind, 256):.0f}"
        for kind, (name, *_) in LOOKS.items()
    ]
    return (
        "Gradient by distance, logarithmic, down to 10^-14. About, at 64 and 256 words: "
        f"{'; '.join(parts)}."
    )


def figure(train_distance: Runs, colors: dict[str, str]) -> Figure:
    """Draw the share that arrives, for one layer of attention and two GRUs."""
    fig, ax = plt.subplots(figsize=(6.6, 2.9))
    for kind, (name, role, dash, place) in LOOKS.items():
        for run in train_distance.values():
            ax.semilogy(run[kind], dash, color=colors[role], linewidth=1.2, alpha=0.8)
        ax.text(*place, name, color=colors[role], va="bottom")
    ax.set(xlabel="words back", ylabel="share that arrives", ylim=(1e-14, 3), xlim=(0, 256))
    ax.set_yticks([1, 1e-4, 1e-8, 1e-12])
    ax.minorticks_off()
    return fig


def at(runs: Runs, kind: str, distance: int) -> float:
    """The median of the seeds at that distance, as a power of ten."""
    return float(np.log10(np.median([run[kind][distance] for run in runs.values()])))
