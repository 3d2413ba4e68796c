"""What a choice at the beginning does to the training of the small machine."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]


def alt(train_ablation: Runs, train_stability: Runs) -> str:
    """Give the last losses of every seed."""
    parts = [
        f"{name} {', '.join(f'{loss[-100:].mean():.3f}' for loss in losses)}"
        for name, losses in curves(train_ablation, train_stability).items()
    ]
    return f"Training loss by step, a line a seed. At the end: {'; '.join(parts)}."


def figure(train_ablation: Runs, train_stability: Runs, colors: dict[str, str]) -> Figure:
    """A panel for each choice, three lines in it."""
    found = curves(train_ablation, train_stability)
    drawn, axes = plt.subplots(1, len(found), sharey=True, figsize=(7.6, 2.5))
    for axis, (name, losses) in zip(axes, found.items(), strict=True):
        for loss, dash in zip(losses, ("-", "--", ":"), strict=False):
            means = loss[: len(loss) // 50 * 50].reshape(-1, 50).mean(axis=1)
            steps = 50 * (np.arange(len(means)) + 0.5)
            axis.plot(steps, means, color=colors["weight"], linestyle=dash, linewidth=1.4)
        axis.set(yscale="log", xticks=[0, 1000])
        axis.set_title(name, fontsize=9.5)
        axis.set_xlabel("steps", fontsize=9.5)
    axes[0].set_ylabel("loss, nats a bit")
    return drawn


def curves(train_ablation: Runs, train_stability: Runs) -> dict[str, list[np.ndarray]]:
    """The losses of all seeds by choice; the machine as it should be comes first."""
    found = {"as above": [run["loss"][: run["steps"][0]] for run in train_ablation.values()]}
    for run in train_stability.values():
        for name, loss in zip(
            run["names"].tolist(), np.split(run["loss"], len(run["names"])), strict=True
        ):
            found.setdefault(name, []).append(loss)
    return found
