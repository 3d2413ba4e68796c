"""One weight vector on its way through the four stages; the numbers are those of stages.py."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from attn.mechanisms.addressing import content, interpolate, sharpen, shift

KIND = "computed"
M = 2.0 * (np.arange(8)[:, None] >> np.arange(3) & 1) - 1


def stages() -> list[np.ndarray]:
    """The weights before, and after each stage."""
    w_prev = np.eye(8)[6]
    w_c = content(M[2], np.array(4.0), M)
    w_g = interpolate(w_c, np.array(0.8), w_prev)
    w_s = shift(w_g, np.array([0.0, 0.2, 0.8]))
    return [w_prev, w_c, w_g, w_s, sharpen(w_s, np.array(5.0))]


def alt() -> str:
    """What the bars show."""
    _, w_c, w_g, w_s, w = stages()
    return (
        f"Five bar charts of the weights on memory rows 0 to 7. Before: all on row 6. Content: "
        f"{w_c[2]:.2f} on row 2. Gate: row 2 keeps {w_g[2]:.2f} and row 6 gets {w_g[6]:.2f}. "
        f"Shift: the peaks move on and blur, {w_s[3]:.2f} on row 3 and {w_s[7]:.2f} on row 7. "
        f"Sharpen: {w[3]:.2f} on row 3."
    )


def figure(colors: dict[str, str]) -> Figure:
    """The five vectors, one below the other."""
    labels = [
        "previous weights",
        "content: the key fits row 2, β = 4",
        "gate: g = 0.8 for the content, 0.2 for the previous weights",
        "shift: 0.8 one row on, 0.2 stay",
        "sharpen: γ = 5",
    ]
    fills = [colors[c] for c in ("soft", "weight", "weight", "weight", "weight")]
    drawn, axes = plt.subplots(5, 1, sharex=True, sharey=True, figsize=(6.6, 4.9))
    for axis, w, label, fill in zip(axes, stages(), labels, fills, strict=True):
        axis.bar(np.arange(8), w, color=fill, width=0.7)
        axis.set_title(label, fontweight="normal", fontsize=10)
        axis.set_ylim(0, 1.25)
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        for i in np.flatnonzero(w > 0.03):
            axis.text(i, w[i] + 0.05, f"{w[i]:.2f}", ha="center", fontsize=9)
    axes[-1].set_xticks(np.arange(8))
    axes[-1].set_xlabel("row of the memory")
    return drawn
