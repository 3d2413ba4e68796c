"""The toy language translated twice: by GRUs with attention, and by attention alone."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
LIMIT = 40  # words of the longest training sentence


def alt(train_attention_translator: Runs, train_translator: Runs) -> str:
    """Say where both stand at the training limit and beyond."""
    parts = []
    for name, runs in (
        ("the Transformer", train_attention_translator),
        ("the GRU", train_translator),
    ):
        lengths, bleu = stacked(runs, "bleu")
        at = [np.median(bleu[:, lengths == n]) for n in (LIMIT, lengths[-1])]
        parts.append(f"{name} has {at[0]:.0f} and {at[1]:.0f}")
    return (
        f"BLEU and sentences without a mistake, by length. At {LIMIT} and {lengths[-1]} words "
        f"{', '.join(parts)} BLEU (medians of seeds)."
    )


def figure(
    train_attention_translator: Runs, train_translator: Runs, colors: dict[str, str]
) -> Figure:
    """Draw BLEU and the share of perfect sentences by length."""
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 2.9))
    kinds = (
        (train_attention_translator, "Transformer", "weight", "-"),
        (train_translator, "GRU with attention", "key", "--"),
    )
    for runs, label, role, dash in kinds:
        for ax, name, scale in ((axes[0], "bleu", 1), (axes[1], "accuracy", 100)):
            lengths, values = stacked(runs, name)
            low, high = scale * values.min(axis=0), scale * values.max(axis=0)
            ax.fill_between(lengths, low, high, color=colors[role], alpha=0.18, linewidth=0)
            middle = scale * np.median(values, axis=0)
            ax.plot(lengths, middle, dash, color=colors[role], label=label)
    for ax, title in zip(axes, ("BLEU", "sentences without a mistake, %"), strict=True):
        ax.axvline(LIMIT, color=colors["soft"], linestyle=":", linewidth=1)
        ax.set(title=title, xlabel="words of the French sentence", ylim=(-2, 104))
    axes[0].text(LIMIT - 0.8, 8, "trained to here", ha="right", color=colors["soft"])
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def stacked(runs: Runs, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The lengths, and the values of that name, a row a seed."""
    first = next(iter(runs.values()))
    return first["lengths"], np.array([run[name] for run in runs.values()])
