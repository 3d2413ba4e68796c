"""How many bits of a copy are wrong, by its length and by the rows of the memory."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
LOOKS = ((64, "key", ":"), (128, "weight", "-"), (256, "memory", "--"))


def alt(train_copy: Runs) -> str:
    """Say how many bits are wrong before and after the memory is full."""
    lengths, wrong = shares(train_copy)
    parts = []
    for k, (rows, _, _) in enumerate(LOOKS[:2]):
        fits, spills = wrong[:, k, lengths < rows], wrong[:, k, lengths > rows]
        before, after = (100 * np.median(part) for part in (fits, spills))
        parts.append(f"with {rows} rows {before:.1f} at lengths that fit, {after:.0f} beyond")
    return (
        f"Percent of wrong bits by length. Medians over {len(wrong)} seeds: {'; '.join(parts)}; "
        f"with 256 rows {100 * np.median(wrong[:, 2]):.1f} up to {lengths[-1]} vectors. Training, "
        "up to 20 vectors, is shaded."
    )


def figure(train_copy: Runs, colors: dict[str, str]) -> Figure:
    """Draw a line for each size of the memory: the median, and every seed as a dot."""
    drawn, axis = plt.subplots(figsize=(6.6, 3.3))
    lengths, wrong = shares(train_copy)
    axis.axvspan(0, 20, color=colors["grid"], alpha=0.5, linewidth=0)
    axis.text(10, 47, "trained", ha="center", color=colors["soft"])
    for k, (rows, role, dash) in enumerate(LOOKS):
        look = {"color": colors[role], "linestyle": dash, "label": f"{rows} rows"}
        axis.plot(lengths, 100 * np.median(wrong[:, k], axis=0), **look)
        dots = {"color": colors[role], "s": 9, "alpha": 0.7, "linewidths": 0}
        for seed in wrong[:, k]:
            axis.scatter(lengths, 100 * seed, **dots)
    axis.set(xlabel="vectors to copy", ylabel="wrong bits, %", xlim=(0, 204), ylim=(-2, 54))
    axis.legend(loc="upper left", bbox_to_anchor=(0.1, 1))
    return drawn


def shares(train_copy: Runs) -> tuple[np.ndarray, np.ndarray]:
    """The lengths, and the shares of wrong bits by seed, rows and length."""
    runs = list(train_copy.values())
    return runs[0]["lengths"], np.array([run["wrong"] for run in runs])
