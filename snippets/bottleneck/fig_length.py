"""Translation quality by length: three fixed vectors, and attention."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
Dash = str | tuple[int, tuple[int, ...]]
LIMIT = 40  # words of the longest training sentence


def alt(
    train_fixed: Runs, train_fixed_reversed: Runs, train_fixed_wide: Runs, train_translator: Runs
) -> str:
    """Say where the curves stand at 20 words and at the longest test."""
    parts = []
    for name, runs in (
        ("the fixed vector", train_fixed),
        ("one read once, backwards", train_fixed_reversed),
        ("a wider one", train_fixed_wide),
        ("attention", train_translator),
    ):
        lengths, bleu = stacked(runs, "bleu")
        at_20, last = (np.median(bleu[:, lengths == n]) for n in (20, lengths[-1]))
        parts.append(f"{name} {at_20:.0f} and {last:.0f}")
    return f"BLEU by length. At 20 and {lengths[-1]} words: {', '.join(parts)} (medians of seeds)."


def figure(
    train_fixed: Runs,
    train_fixed_reversed: Runs,
    train_fixed_wide: Runs,
    train_translator: Runs,
    colors: dict[str, str],
) -> Figure:
    """Draw BLEU and the share of perfect sentences by length."""
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.2))
    kinds = (
        (train_translator, "attention", "weight", "-"),
        (train_fixed_wide, "wider fixed vector", "key", "-."),
        (train_fixed, "fixed vector", "context", "--"),
        (train_fixed_reversed, "read once, backwards", "query", (0, (4, 1, 1, 1))),
    )
    for runs, label, role, dash in kinds:
        for ax, name, scale in ((axes[0], "bleu", 1), (axes[1], "accuracy", 100)):
            lengths, values = stacked(runs, name)
            band(ax, lengths, scale * values, colors[role], dash, label)
    for ax, title in zip(axes, ("BLEU", "sentences without a mistake, %"), strict=True):
        ax.axvline(LIMIT, color=colors["soft"], linestyle=":", linewidth=1)
        ax.set(title=title, xlabel="words of the French sentence", ylim=(-2, 104))
    axes[1].text(LIMIT - 0.8, 62, "trained to here", ha="right", color=colors["soft"])
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def stacked(runs: Runs, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The lengths, and the values of that name, a row a seed."""
    first = next(iter(runs.values()))
    return first["lengths"], np.array([run[name] for run in runs.values()])


def band(ax: Axes, x: np.ndarray, y: np.ndarray, color: str, dash: Dash, label: str) -> None:
    """Draw the median of the seeds, and a band from the worst to the best."""
    ax.fill_between(x, y.min(axis=0), y.max(axis=0), color=color, alpha=0.18, linewidth=0)
    ax.plot(x, np.median(y, axis=0), color=color, linestyle=dash, label=label)
