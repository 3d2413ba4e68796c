# ---
# title: Temperature and √d
# description: Why dot-product scores are divided by the square root of their size.
# ---

# %% [markdown]
# # Temperature and √d
#
# A softmax turns scores into weights. How *sharp* the weights are depends on how far the scores
# lie apart. In this lab you change one number, the size $d$ of query and key, and watch the
# weights.
#
# **Expect this.** Without scaling, a larger $d$ makes attention bet everything on one key, and
# softmax's derivatives fade. Divided by $\sqrt{d}$, the same scores behave alike at every size.

# %%
import matplotlib.pyplot as plt
import numpy as np

from attn.ops.scores import dot, scaled_dot
from attn.ops.softmax import softmax, softmax_backward

# %% [markdown]
# ## Scores grow with the size
#
# Draw queries and keys whose entries have mean 0 and variance 1. A score is a sum of $d$
# products, so its variance is $d$:
#
# $$\s{e}_{ij} = \s{q}_i^\top \s{k}_j, \qquad \operatorname{var}(\s{e}_{ij}) = d .$$


# %%
def draw(d, looks=1000, keys=10):
    rng = np.random.default_rng(0)
    q = rng.standard_normal((looks, 1, d), dtype=np.float32)
    k = rng.standard_normal((looks, keys, d), dtype=np.float32)
    return q, k


d = 64  # the knob: try 4, 16, 256, 1024
q, k = draw(d)
print(f"variance of a score / d    {dot(q, k).var() / d:.2f}")
print(f"variance of a scaled score {scaled_dot(q, k).var():.2f}")

# %% [markdown]
# ## What softmax makes of them
#
# One look at ten keys, the largest weight first. Both rows come from the same scores; only the
# scale differs.

# %% alt="Unscaled, one key takes nearly all the weight; scaled, several keys share it."
look, place = 3, np.arange(k.shape[1]) - 0.2
for name, score, hatch in [("unscaled", dot, ""), ("by √d", scaled_dot, "///")]:
    alpha = np.sort(softmax(score(q, k))[look, 0])[::-1]
    plt.bar(place, alpha, 0.4, hatch=hatch, label=name)
    place = place + 0.4
plt.xlabel("keys, by weight")
plt.ylabel("weight")
plt.title(f"One look at ten keys, d = {d}")
plt.legend()
plt.show()

# %% [markdown]
# ## Every size at once
#
# Now turn the knob through all its values. Two numbers describe a row of weights. The *largest
# weight* says how sharp the choice is. The *size of the Jacobian*
# $\partial\s{alpha}/\partial\s{e}$ says how much gradient comes back through the softmax. Where it
# is near 0, a row hardly learns.


# %%
def sharpness(alpha):
    jacobian = softmax_backward(np.eye(alpha.shape[-1]), alpha)
    size = np.linalg.norm(jacobian, axis=(1, 2))
    return alpha.max(-1).mean(), size.mean()


sizes = [4, 16, 64, 256, 1024]
plain = np.array([sharpness(softmax(dot(*draw(d)))) for d in sizes])
scaled = np.array([sharpness(softmax(scaled_dot(*draw(d)))) for d in sizes])
print("   d   largest weight    Jacobian")
print("       plain  scaled     plain  scaled")
for d, (p, j), (ps, js) in zip(sizes, plain, scaled, strict=True):
    print(f"{d:4}   {p:.2f}   {ps:.2f}       {j:.2f}   {js:.2f}")

# %% alt="As d grows, the unscaled weight rises to 1 and its Jacobian fades; scaled, both stay."
figure, panels = plt.subplots(1, 2)
names = ["largest weight", "size of the Jacobian"]
for column, panel in enumerate(panels):
    panel.plot(sizes, plain[:, column], "o-", label="unscaled")
    panel.plot(sizes, scaled[:, column], "s--", label="by √d")
    panel.set(xlabel="d", title=names[column], ylim=(0, None))
    panel.set_xscale("log", base=2)
panels[0].legend()
plt.show()

# %% [markdown]
# ## Turn the knob
#
# - Dividing by $\sqrt{d}$ is one choice of *temperature*: `softmax(e / T)`. Which `T` makes the
#   weights uniform? Which makes them an arg-max?
# - Make the keys longer: multiply `k` by 3. Does $\sqrt{d}$ still help? What did the argument
#   assume about the entries?
# - The mean hides *how* the gradient fades. In `sharpness`, print `(size < 0.01).mean()`: what
#   share of the rows has hardly any? And what do the others have?
# - Use 100 keys in place of 10. Why does the largest weight fall, although the variance of the
#   scores is the same?
#
# Vaswani et al. *suspect* this effect in large models ([2017, section
# 3.2.1](../reference/bibliography.md#vaswani2017)). The page [The bridge to
# Transformers](../transformers.md) puts it in place.
