"""Where attention is cheaper than recurrence: n²d against nd², by length."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

KIND = "computed"
ALT = (
    "Multiply-adds of one layer against length, both axes logarithmic, at d = 512. Recurrence "
    "grows in proportion to n, attention with its square. The lines cross at n = d = 512: below "
    "it attention is cheaper, above it recurrence."
)
D = 512


def figure(colors: dict[str, str]) -> Figure:
    """Draw both counts and the point where they meet."""
    n = np.geomspace(16, 16384, 50)
    fig, ax = plt.subplots(figsize=(6.6, 3.0))
    ax.loglog(n, n * D * D, color=colors["ink"], linestyle="--")
    ax.loglog(n, n * n * D, color=colors["weight"])
    ax.text(16000, 1500 * D * D, "recurrence, n d²", color=colors["ink"], ha="right", va="top")
    ax.text(2600, 3400 * 3400 * D, "attention, n² d", color=colors["weight"], ha="right")
    ax.plot(D, D**3, "o", color=colors["ink"])
    ax.annotate("n = d", (D, D**3), xytext=(-6, 8), textcoords="offset points", ha="right")
    ax.set(xlabel="length n", ylabel=f"multiply-adds, d = {D}")
    return fig
