"""What hops learn from answers alone: the error by hops, and where each of them looks."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

Runs = dict[int, dict[str, np.ndarray]]
KINDS = ("one fact", "two facts", "three facts")
LOOKS = ((1, 1, "two hops, two facts"), (2, 2, "three hops, three facts"))


def alt(train_hops: Runs, train_hops_few: Runs) -> str:
    """Say where the errors stand, and where two hops look."""
    wrong = [
        np.median([run["wrong"] for run in runs.values()], axis=0) * 100
        for runs in (train_hops, train_hops_few)
    ]
    parts = [
        f"{kind} {', '.join(f'{x:.0f}' for x in row)} percent"
        for kind, row in zip(KINDS, wrong[0], strict=True)
    ]
    looks = mean_looks(train_hops, 1, 1)
    return (
        f"Left, wrong answers with one, two and three hops: {'; '.join(parts)}, medians of five "
        f"seeds. With a tenth of the stories, two hops on two facts err on {wrong[1][1, 1]:.0f} "
        f"percent. Right, shares of attention: with two hops, hop 1 gives {looks[0, 0]:.2f} to the "
        f"first supporting fact, hop 2 gives {looks[1, 1]:.2f} to the second."
    )


def figure(train_hops: Runs, train_hops_few: Runs, colors: dict[str, str]) -> Figure:
    """Dots are seeds, filled with 10,000 stories of each kind, open with 1,000."""
    fig, axes = plt.subplots(1, 3, figsize=(7.6, 3.1), width_ratios=(1.5, 1, 1.25))
    draw_errors(axes[0], train_hops, train_hops_few, colors)
    for ax, (hops, kind, title) in zip(axes[1:], LOOKS, strict=True):
        draw_looks(ax, mean_looks(train_hops, hops, kind), title, colors)
    return fig


def draw_errors(ax: Axes, many: Runs, few: Runs, colors: dict[str, str]) -> None:
    """Wrong answers in percent, a kind of story a line."""
    marks = (("key", "s", "-"), ("query", "o", "--"), ("context", "^", ":"))
    for n, (kind, (role, mark, dash)) in enumerate(zip(KINDS, marks, strict=True)):
        for runs, face, aside in ((many, colors[role], -0.06), (few, "none", 0.06)):
            wrong = 100 * np.array([run["wrong"][n] for run in runs.values()])
            hops = np.arange(1, 4) + aside
            ax.plot(
                np.tile(hops, len(wrong)),
                wrong.ravel(),
                mark,
                color=colors[role],
                markerfacecolor=face,
                markersize=5,
            )
            if runs is many:
                median = np.median(wrong, axis=0)
                ax.plot(
                    hops, median, dash, color=colors[role], linewidth=1.2, label=kind, marker=mark
                )
    ax.set(title="wrong answers, %", xlabel="hops", xticks=(1, 2, 3), ylim=(-3, 76))
    ax.legend(loc="upper right")


def mean_looks(runs: Runs, hops: int, kind: int) -> np.ndarray:
    """Share of each hop (row) on each supporting fact, and on all others; the mean of the seeds."""
    on = np.mean(
        [run["looks"][hops, kind, : hops + 1, : kind + 1] for run in runs.values()], axis=0
    )
    return np.column_stack([on, 1 - on.sum(axis=1)])


def draw_looks(ax: Axes, looks: np.ndarray, title: str, colors: dict[str, str]) -> None:
    """A cell for each hop and fact, the share written into it."""
    shade = LinearSegmentedColormap.from_list("weight", [colors["paper"], colors["weight"]])
    hops, columns = looks.shape
    ax.imshow(looks, cmap=shade, vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(looks):
        ink = colors["paper"] if share > 0.5 else colors["ink"]
        ax.text(j, i, f"{share:.2f}", ha="center", va="center", color=ink, fontsize=9)
    ax.set_title(title, fontsize=9.5)
    ax.set_xticks(
        range(columns), [*(f"fact {j + 1}" for j in range(columns - 1)), "others"], fontsize=8.5
    )
    ax.set_yticks(range(hops), [f"hop {i + 1}" for i in range(hops)], fontsize=9)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
