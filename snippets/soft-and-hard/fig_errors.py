"""How far the mean of N estimates is from the exact gradient: noise averages out, bias does not."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
KINDS = (  # row of the recorded arrays, label, role, dash
    (0, "REINFORCE", "score", "-"),
    (1, "moving average", "key", "--"),
    (2, "leave-one-out", "parameter", "-."),
    (4, "straight-through", "query", ":"),
    (6, "Gumbel-softmax, τ = 0.5", "context", (0, (6, 1, 1, 1, 1, 1))),
)


def alt(train_estimators: Runs) -> str:
    """Say the fitted slope, and where the biased ones stop."""
    error = relative(train_estimators, "quadratic")
    n = 2.0 ** np.arange(error.shape[1])
    slopes = np.polyfit(np.log(n), np.log(error[:3]).T, 1)[0]
    return (
        "Error of the mean of N estimates against N, on logarithmic axes. REINFORCE alone, with a "
        f"moving average, and with leave-one-out falls with slopes {slopes.min():.2f} to "
        f"{slopes.max():.2f}. For the quadratic reward, straight-through stops at "
        f"{error[4, -1]:.2f} and Gumbel-softmax at {error[6, -1]:.2f} of the gradient's length."
    )


def figure(train_estimators: Runs, colors: dict[str, str]) -> Figure:
    """Draw the error over N for both rewards, as a share of the gradient's length."""
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.6), sharey=True)
    for ax, reward in zip(axes, ("linear", "quadratic"), strict=True):
        error = relative(train_estimators, reward)
        n = 2.0 ** np.arange(error.shape[1])
        for row, label, role, dash in KINDS:
            if error[row].max() > 1e-6:  # straight-through is exact for the linear reward
                ax.plot(n, error[row], color=colors[role], linestyle=dash, label=label)
        ax.plot(n, 0.4 * n**-0.5, color=colors["soft"], linewidth=1)
        ax.set(xscale="log", yscale="log", title=f"{reward} reward", xlabel="N, estimates averaged")
    axes[0].text(12, 0.08, "slope −½", color=colors["soft"], ha="right", va="top")
    axes[0].set_ylabel("error ÷ length of the gradient")
    fig.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def relative(runs: Runs, reward: str) -> np.ndarray:
    """The error of each kind over N, the median of the seeds."""
    return np.median(
        [run[f"{reward}_error"] / run[f"{reward}_length"] for run in runs.values()], axis=0
    )
