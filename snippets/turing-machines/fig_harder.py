"""What choices at the beginning do to training: the large machine above, the small one below."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)))


def alt(
    train_copy: Runs,
    train_unclipped: Runs,
    train_gate: Runs,
    train_ablation: Runs,
    train_stability: Runs,
) -> str:
    """Count the seeds that learn, in each panel."""
    found = panels(train_copy, train_unclipped, train_gate, train_ablation, train_stability)
    parts = [
        f"{name} {sum(loss[-100:].mean() < 0.05 for loss in losses)} of {len(losses)}"
        for name, losses in found.items()
    ]
    learned = ", ".join(parts)
    return f"Training loss by step, a line a seed. Seeds that end under 0.05 nats a bit: {learned}."


def figure(
    train_copy: Runs,
    train_unclipped: Runs,
    train_gate: Runs,
    train_ablation: Runs,
    train_stability: Runs,
    colors: dict[str, str],
) -> Figure:
    """A panel for each choice, a line for each seed."""
    found = panels(train_copy, train_unclipped, train_gate, train_ablation, train_stability)
    drawn, axes = plt.subplots(2, 3, sharey=True, figsize=(7.4, 4.4))
    for axis, (name, losses) in zip(axes.flat, found.items(), strict=True):
        for loss, dash in zip(losses, DASHES, strict=False):
            means = loss[: len(loss) // 50 * 50].reshape(-1, 50).mean(axis=1)
            steps = 50 * (np.arange(len(means)) + 0.5)
            axis.plot(steps, means, color=colors["weight"], linestyle=dash, linewidth=1.3)
        axis.set(yscale="log")
        axis.set_title(name, fontsize=10)
    for axis in axes[1]:
        axis.set_xlabel("steps")
    for axis in axes[:, 0]:
        axis.set_ylabel("loss, nats a bit")
    return drawn


def panels(
    train_copy: Runs,
    train_unclipped: Runs,
    train_gate: Runs,
    train_ablation: Runs,
    train_stability: Runs,
) -> dict[str, list[np.ndarray]]:
    """The losses of all seeds by choice; on the left each machine as it should be."""
    small = [run["loss"][: run["steps"][0]] for run in train_ablation.values()]
    worse = [np.split(run["loss"], len(run["names"])) for run in train_stability.values()]
    return {
        "the copying machine": losses_of(train_copy),
        "not clipped": losses_of(train_unclipped),
        "gate at 0": losses_of(train_gate),
        "the small machine": small,
        "no first place": [losses[0] for losses in worse],
        "random memory": [losses[1] for losses in worse],
    }


def losses_of(runs: Runs) -> list[np.ndarray]:
    """One history a seed."""
    return [run["loss"] for run in runs.values()]
