"""Multi-head attention as the code computes it: positions, masks, and two heads."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from attn.mechanisms.heads import multi_head
from attn.ops.masks import causal
from attn.ops.positions import sinusoidal

KIND = "illustrative"
ALT = (
    "Four panels. The position code: waves, fast at the left and slow at the right. The causal "
    "mask: a lower triangle. Two heads with random parameters: different weights below the same "
    "diagonal, nothing above it."
)


def figure(colors: dict[str, str]) -> Figure:
    """Draw the position code, the mask, and the weights of two untrained heads."""
    n, d = 12, 32
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, d)) + sinusoidal(n, d)
    W_q, W_k, W_v, W_o = rng.normal(scale=d**-0.5, size=(4, d, d))
    _, alpha = multi_head(x, x, 2 * W_q, 2 * W_k, W_v, W_o, heads=2, mask=causal(n))
    fig, axes = plt.subplots(1, 4, figsize=(7.2, 2.3), width_ratios=(1.6, 1, 1, 1))
    shade = {role: fade(colors, role) for role in ("key", "weight")}
    axes[0].imshow(sinusoidal(n, d), cmap=shade["key"], aspect="auto")
    axes[1].imshow(causal(n), cmap=shade["key"])
    for head in range(2):
        axes[2 + head].imshow(alpha[head], cmap=shade["weight"], vmin=0, vmax=1)
    names = ("positions", "causal mask", "head 1", "head 2")
    for ax, name in zip(axes, names, strict=True):
        ax.set_title(name)
        ax.set(xticks=[], yticks=[])
        ax.spines[["top", "right"]].set_visible(True)
    axes[0].set(xlabel="feature", ylabel="position")
    for ax in axes[1:]:
        ax.set_xlabel("key")
    axes[1].set_ylabel("query")
    return fig


def fade(colors: dict[str, str], role: str) -> LinearSegmentedColormap:
    """From the page's background to the color of a role."""
    return LinearSegmentedColormap.from_list(role, [colors["paper"], colors[role]])
