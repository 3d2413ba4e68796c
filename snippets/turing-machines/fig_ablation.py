"""The small machine with and without its stages, and an LSTM: training, and what happens beyond."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
LIMIT = 10  # vectors of the longest training sequence
LOOKS = (
    ("weight", "-"),
    ("query", ":"),
    ("memory", "--"),
    ("value", "-."),
    ("key", (0, (5, 1, 1, 1))),
)


def alt(train_ablation: Runs) -> str:
    """Say what each model gets wrong within training and at four times its length."""
    lengths, names, wrong = shares(train_ablation)
    near, far = (100 * np.median(wrong[:, :, lengths == n], axis=0)[:, 0] for n in (10, 40))
    parts = [f"{n} {a:.0f} and {b:.0f}" for n, a, b in zip(names, near, far, strict=True)]
    return (
        "Left, training loss by step. Right, percent of wrong bits by length; medians at 10, the "
        f"longest in training, and at 40 vectors: {'; '.join(parts)}."
    )


def figure(train_ablation: Runs, colors: dict[str, str]) -> Figure:
    """Draw the losses of every seed, and the errors as medians with every seed as a dot."""
    drawn, axes = plt.subplots(1, 2, figsize=(7.4, 3.5))
    lengths, names, wrong = shares(train_ablation)
    for k, (name, (role, dash)) in enumerate(zip(names, LOOKS, strict=True)):
        look = {"color": colors[role], "linestyle": dash}
        for run in train_ablation.values():
            step, loss = smooth(np.split(run["loss"], np.cumsum(run["steps"])[:-1])[k])
            axes[0].plot(step, loss, linewidth=1.2, **look)
        axes[1].plot(lengths, 100 * np.median(wrong[:, k], axis=0), label=name, **look)
        for seed in wrong[:, k]:
            axes[1].scatter(lengths, 100 * seed, s=9, color=colors[role], linewidths=0)
    axes[0].set(title="training loss, nats a bit", xlabel="steps", yscale="log")
    axes[1].axvspan(0, LIMIT, color=colors["grid"], alpha=0.5, linewidth=0)
    axes[1].set(title="wrong bits, %", xlabel="vectors to copy", xlim=(4, 41), ylim=(-2, 56))
    drawn.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return drawn


def shares(train_ablation: Runs) -> tuple[np.ndarray, list[str], np.ndarray]:
    """The lengths, the models, and the shares of wrong bits by seed, model and length."""
    runs = list(train_ablation.values())
    return runs[0]["lengths"], runs[0]["names"].tolist(), np.array([run["wrong"] for run in runs])


def smooth(loss: np.ndarray, over: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """The mean of every 50 steps."""
    return over * (np.arange(len(loss) // over) + 0.5), loss.reshape(-1, over).mean(axis=1)
