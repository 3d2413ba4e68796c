"""Positions, the causal mask, and two heads of the language model trained here."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from attn.ops.masks import causal
from attn.ops.positions import sinusoidal

Runs = dict[int, dict[str, np.ndarray]]


def alt(train_language: Runs) -> str:
    """Say how far back the two heads look."""
    _, reach = two_heads(next(iter(train_language.values()))["alpha"])
    return (
        "Four panels. The position code: waves, fast at the left and slow at the right. The causal "
        "mask: a lower triangle. Two trained heads on a line of French, letter by letter: one "
        f"looks {reach[0]:.1f} letters back on average, the other {reach[1]:.1f}."
    )


def figure(train_language: Runs, colors: dict[str, str]) -> Figure:
    """Draw the position code, the mask, and the weights of two heads of the first layer."""
    heads, _ = two_heads(next(iter(train_language.values()))["alpha"])
    n = len(heads[0])
    fig, axes = plt.subplots(1, 4, figsize=(7.2, 2.3), width_ratios=(1.6, 1, 1, 1))
    shade = {role: fade(colors, role) for role in ("key", "weight")}
    axes[0].imshow(sinusoidal(n, 32), cmap=shade["key"], aspect="auto")
    axes[1].imshow(causal(n), cmap=shade["key"])
    for ax, alpha in zip(axes[2:], heads, strict=True):
        ax.imshow(alpha.astype(float) ** 0.5, cmap=shade["weight"], vmin=0, vmax=1)
    names = ("positions", "causal mask", "one head", "another head")
    for ax, name in zip(axes, names, strict=True):
        ax.set_title(name)
        ax.set(xticks=[], yticks=[])
        ax.spines[["top", "right"]].set_visible(True)
    axes[0].set(xlabel="feature", ylabel="position")
    for ax in axes[1:]:
        ax.set_xlabel("key")
    axes[1].set_ylabel("query")
    return fig


def two_heads(alpha: np.ndarray) -> tuple[list[np.ndarray], list[float]]:
    """Choose the heads of the first layer that look least and farthest back, and say how far."""
    n = alpha.shape[-1]
    back = np.subtract.outer(np.arange(n), np.arange(n))
    reach = (alpha[0].astype(float) * back).sum(axis=-1).mean(axis=-1)
    chosen = reach.argmin(), reach.argmax()
    return [alpha[0, h] for h in chosen], [reach[h] for h in chosen]


def fade(colors: dict[str, str], role: str) -> LinearSegmentedColormap:
    """From the page's background to the color of a role."""
    return LinearSegmentedColormap.from_list(role, [colors["paper"], colors[role]])
