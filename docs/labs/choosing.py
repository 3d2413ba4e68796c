# ---
# title: Learning from a choice
# description: The exact gradient of hard attention, and REINFORCE with a baseline to turn.
# ---

# %% [markdown]
# # Learning from a choice
#
# Hard attention looks at *one* position, drawn with probability $\s{alpha}_j$. No gradient passes
# through a draw. REINFORCE estimates it from the reward that the draw earns. With ten positions
# we can also add up the exact gradient, and compare.
#
# **Expect this.** The estimate is right on average, whatever the baseline. A good baseline makes
# it far less noisy.

# %%
import matplotlib.pyplot as plt
import numpy as np

from attn.mechanisms.hard import enumerate_gradient, reinforce, sample
from attn.ops.softmax import softmax

# %% [markdown]
# ## The exact gradient
#
# Looking at position $j$ earns the reward $\s{R}_j$. We want more of the expected reward
# $J = \sum_j \s{alpha}_j \s{R}_j$, and its gradient with respect to the scores is
#
# $$\frac{\partial J}{\partial \s{e}_j}
# = \s{alpha}_j \Bigl( \s{R}_j - \sum_k \s{alpha}_k \s{R}_k \Bigr) .$$
#
# This is the backward pass of softmax, fed with the rewards.

# %%
rng = np.random.default_rng(0)
e = rng.standard_normal(10)  # scores
R = 5 + rng.standard_normal(10)  # rewards: all positive, hence the noise
alpha = softmax(e)
exact = enumerate_gradient(R, alpha)
np.set_printoptions(precision=2, suppress=True, linewidth=72)
print(f"expected reward {alpha @ R:.2f}")
print("exact gradient", exact, sep="\n")

# %% [markdown]
# ## The estimate
#
# Draw a position $i$. The estimate raises its score in proportion to the reward, less a baseline
# $\s{b}$:
#
# $$\hat g_j = (\s{R}_i - \s{b}) \, ([i = j] - \s{alpha}_j) .$$
#
# The baseline is the knob. It must not depend on the draw. Each row below is one estimate from one
# draw; `reinforce` can also take the mean of several.


# %%
def estimates(b, number=20_000):
    i = sample(alpha, np.random.default_rng(1), draws=number)[:, None]
    return reinforce(R[i], i, np.broadcast_to(alpha, (number, 10)), b)


b = 0.0  # the knob: try 2, 5, 8, and alpha @ R
g = estimates(b)
print("exact gradient       ", exact, sep="\n")
print("mean of the estimates", g.mean(0), sep="\n")
print("noise of one estimate", g.std(0), sep="\n")

# %% alt="Both estimates center on the exact gradient; the baseline makes their spread far smaller."
place = np.arange(10)
plt.plot(place, exact, "_", color="C3", markersize=22, label="exact")
for b, mark in [(0.0, "o"), (alpha @ R, "s")]:
    g, side = estimates(b), 0.15 if b else -0.15
    plt.errorbar(place + side, g.mean(0), g.std(0), fmt=mark, label=f"b = {b:.1f}")
plt.xlabel("position")
plt.ylabel("gradient of its score")
plt.title("Same mean, different noise")
plt.ylim(-2.5, 3.2)
plt.legend(loc="upper center", ncols=3)
plt.show()

# %% [markdown]
# ## Every baseline at once
#
# The mean does not move: over the draws, $\sum_i \s{alpha}_i ([i = j] - \s{alpha}_j) = 0$, and so
# is any constant times it. The variance is a parabola in $\s{b}$, lowest not far from the
# expected reward.

# %% alt="The error stays near zero; the variance is lowest near the expected reward."
baselines = np.linspace(0, 10, 41)
samples = [estimates(b) for b in baselines]
figure, (left, right) = plt.subplots(1, 2)
errors = [np.abs(g.mean(0) - exact).max() for g in samples]
left.plot(baselines, errors)
left.set(title="error of the mean", xlabel="baseline b", ylim=(0, 1))
right.plot(baselines, [g.var(0).sum() for g in samples], "--")
right.axvline(alpha @ R, linewidth=1, linestyle=":")
right.text(alpha @ R, right.get_ylim()[1], " expected reward", va="top")
right.set(title="variance", xlabel="baseline b", ylim=(0, None))
plt.show()

# %% [markdown]
# ## Soft and hard climb different hills
#
# Soft attention rewards the *average* look, $\s{R}(\sum_j \s{alpha}_j x_j)$. Hard attention
# averages the rewards of single looks, $\sum_j \s{alpha}_j \s{R}(x_j)$. They agree when $\s{R}$ is
# linear, and only then for all weights.

# %%
x = np.linspace(-1, 1, 10)  # what stands at each position
rewards = {"linear": lambda x: 2 * x + 1, "squared": lambda x: 1 - (x - 0.3) ** 2}
for name, reward in rewards.items():
    soft, hard = reward(alpha @ x), alpha @ reward(x)
    print(f"{name:8} soft {soft:.3f}   hard {hard:.3f}")

# %% [markdown]
# ## Turn the knob
#
# - Take 5 away from all rewards. Which baseline is best now? Does the exact gradient change?
# - Multiply the scores `e` by 5, so that one position is almost certain. What happens to the
#   noise, and to the gradient?
# - Let the baseline cheat: use `R[i]` in place of `b`. The noise is gone. What is left of the
#   gradient?
#
# The rule is due to Williams ([1992](../reference/bibliography.md#williams1992)); Xu et al.
# ([2015](../reference/bibliography.md#xu2015)) trained hard attention with it and a running
# average as the baseline. The page [Soft and hard](../soft-and-hard.md) tells the story.
