"""The read head of the trained machine turns back: its four stages when the copy begins."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
SEED, READ_HEAD = 0, 0
TITLES = ("before", "content", "gate", "shift", "sharpen")


def alt(train_copy: Runs) -> str:
    """Say where the weight is at each stage of both steps."""
    end, later = (
        ", ".join(
            f"{n} {w.max():.2f} on row {w.argmax()}" for n, w in zip(TITLES, stages, strict=True)
        )
        for stages in turn(train_copy)
    )
    return (
        f"The largest weights of the read head. As the input ends: {end}. One step later: {later}."
    )


def figure(train_copy: Runs, colors: dict[str, str]) -> Figure:
    """The stages down; on the left as the input ends, on the right one step later."""
    drawn, axes = plt.subplots(5, 2, sharex=True, sharey=True, figsize=(6.8, 4.2))
    for column, name, stages in zip(
        axes.T, ("as input ends", "one step later"), turn(train_copy), strict=True
    ):
        column[0].set_title(name)
        column[-1].set_xlabel("row of the memory")
        for axis, w, title in zip(column, stages, TITLES, strict=True):
            axis.text(63, 0.6, f"row {w.argmax()}: {w.max():.2f}", ha="right", fontsize=9)
            axis.bar(np.arange(len(w)), w, color=colors["soft" if title == "before" else "weight"])
            axis.set_ylim(0, 1.05)
            axis.set_yticks([])
    for axis, title in zip(axes[:, 0], TITLES, strict=True):
        axis.set_ylabel(title, rotation=0, ha="right", va="center")
    return drawn


def turn(train_copy: Runs) -> np.ndarray:
    """The weights before and after each stage, at both steps."""
    run = train_copy[SEED]
    before, stages = run["w_prev"][:, READ_HEAD], run["stages"][:, :, READ_HEAD]
    return np.concatenate([before[:, np.newaxis], stages], axis=1).astype(float)
