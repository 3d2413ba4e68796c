"""How long training takes by score and size: the unscaled dot product slows down as it grows."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
LIMIT = 2000  # updates after which a run gave up
KINDS = (
    ("dot product, unscaled", "score", "-", "o"),
    ("scaled dot product", "weight", "--", "s"),
    ("additive", "parameter", "-.", "^"),
)


def alt(train_score_size: Runs) -> str:
    """Say the updates of each score and size."""
    sizes, updates, arrived = best(train_score_size)
    parts = []
    for row, (label, *_) in enumerate(KINDS):
        found = [
            f"{np.median(updates[:, row, k]):.0f}"
            if np.median(arrived[:, row, k]) == 1
            else f"not within {LIMIT}"
            for k in range(len(sizes))
        ]
        parts.append(f"{label} {', '.join(found)}")
    at = ", ".join(map(str, sizes))
    return f"Updates until 90 % of the answers are right, at sizes {at}: {'; '.join(parts)}."


def figure(train_score_size: Runs, colors: dict[str, str]) -> Figure:
    """Draw the updates at the best rate, a mark a seed; hollow marks did not arrive."""
    fig, ax = plt.subplots(figsize=(6.6, 3.2))
    sizes, updates, arrived = best(train_score_size)
    for row, (label, role, dash, mark) in enumerate(KINDS):
        x = sizes * 1.06 ** (row - 1)  # side by side, or they would hide each other
        look = {"color": colors[role], "linestyle": dash, "label": label}
        ax.plot(x, np.median(updates[:, row], axis=0), **look)
        for seed in range(len(updates)):
            for k in range(len(sizes)):
                face = colors[role] if arrived[seed, row, k] else colors["paper"]
                ax.plot(x[k], updates[seed, row, k], mark, color=colors[role], mfc=face)
    ax.axhline(LIMIT, color=colors["soft"], linestyle=":", linewidth=1)
    ax.text(sizes[0], LIMIT * 1.08, "given up here", color=colors["soft"])
    ax.set(xscale="log", yscale="log", ylim=(30, 3500), xlabel="size d of queries and keys")
    ax.set(ylabel="updates until 90 % right")
    ax.set_xticks(sizes, [str(d) for d in sizes])
    ax.minorticks_off()
    ax.legend(loc="center right")
    return fig


def best(runs: Runs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sizes; updates at the best rate and whether it arrived, (seeds, scores, sizes)."""
    updates = np.array([run["updates"].min(axis=-1) for run in runs.values()])
    arrived = np.array([run["arrived"].any(axis=-1) for run in runs.values()])
    return next(iter(runs.values()))["sizes"], updates, arrived
