# ---
# title: Near and far
# description: Four codes of position, and what each says about a distance.
# ---

# %% [markdown]
# # Near and far
#
# Self-attention does not know where things stand, unless a code says so. In this lab one word asks
# all words before it. All of them are the same word, so only their positions tell them apart. You
# choose where the asking word stands, and how fast a head forgets.
#
# **Expect this.** Waves and angles favor what is near, and ripple beyond. ALiBi falls evenly with
# the distance. What matters for long texts is whether the picture stays when the word moves on.

# %%
import matplotlib.pyplot as plt
import numpy as np

from attn.mechanisms.biased import biased_attention
from attn.ops.places import alibi, alibi_slopes
from attn.ops.positions import rotary, sinusoidal
from attn.ops.scores import scaled_dot

# %% [markdown]
# ## What each code adds to a score
#
# The asking word stands at position 40. Each curve shows how much its code changes the score of a
# key at each distance, against that at distance 0.

# %%
d, at = 64, 40  # the knobs: the size, and where the asking word stands
keys = np.arange(at + 1)


def by_waves(at):
    P = sinusoidal(at + 1, d)
    return scaled_dot(P[at:], P)[0]


def by_angles(at):
    word = rotary(np.ones((at + 1, d)), np.arange(at + 1))
    return scaled_dot(word[at:], word)[0]


def by_slope(at, slope=0.25):
    return alibi(np.array([slope]), np.array([at]), np.arange(at + 1))[0, 0]


# %% alt="Waves and angles are highest at distance 0 and ripple; ALiBi is a straight line down."
codes = {"waves": by_waves, "rotary": by_angles, "ALiBi": by_slope}
for (name, code), line in zip(codes.items(), ["-", "--", "-."], strict=True):
    score = code(at)
    plt.plot(at - keys, score - score[at], line, label=name)
plt.xlabel("distance of the key")
plt.ylabel("score, against distance 0")
plt.title(f"Seen from position {at}")
plt.legend()
plt.show()

# %% [markdown]
# ## Does it stay when the word moves on?
#
# A code that knows distances alone gives the same picture at every place. Compare the last 16 keys
# as seen from position 40 and from position 4,000.

# %%
for name, code in codes.items():
    near, far = (code(place)[-16:] for place in (40, 4000))
    print(f"{name:7} same picture at 4,000: {np.allclose(near, far)}")

# %% [markdown]
# All three do! Between two waves alone, even the dot product depends on the distance only. But
# waves are *added to the input*. A trained layer sees the sum of word and wave, multiplied by
# learned matrices, and there the place itself shows. On the page [The bridge to
# Transformers](../transformers.md) a trained layer with waves fails beyond its training, and ALiBi
# goes on.
#
# So put a matrix between them, as a layer does:

# %%
W = np.random.default_rng(0).standard_normal((d, d)) / np.sqrt(d)


def by_learned_waves(at):
    P = sinusoidal(at + 1, d)
    return scaled_dot(P[at:] @ W, P)[0]


near, far = (by_learned_waves(place)[-16:] for place in (40, 4000))
print(f"waves behind a matrix, same picture: {np.allclose(near, far)}")

# %% [markdown]
# ## Heads that forget at their own pace
#
# ALiBi gives each of eight heads a slope, from 1/2 to 1/256. How far back do they look? The weights
# are those of a word that finds all keys alike.

# %% alt="Steep heads give all weight to a few near keys; flat ones spread it over all 41."
slopes = alibi_slopes(8)
q = np.zeros((8, 1, d))
k = np.zeros((8, at + 1, d))
bias = alibi(slopes, np.array([at]), keys)
_, alpha = biased_attention(q, k, k, bias)
for head, line in zip((0, 2, 4, 7), ["-", "--", "-.", ":"], strict=True):
    name = f"slope 1/{round(1 / slopes[head])}"
    plt.plot(at - keys, alpha[head, 0], line, label=name)
plt.xlabel("distance of the key")
plt.ylabel("weight")
plt.title("Four of eight heads")
plt.legend()
plt.show()
print("mean distance by head:", (alpha[:, 0] @ (at - keys)).round(1))

# %% [markdown]
# ## Turn the knobs
#
# - Set `at` to 400. Which heads see farther now, and which do not?
# - Set `d` to 8. What happens to the ripples of waves and angles?
# - With 6 heads, which slopes does `alibi_slopes(6)` give? Where do the last two stand?
# - Set all slopes to 0. Which mechanism is left, and what does it know of the order?
#
# The slopes are those of Press, Smith and Lewis
# ([2021](../reference/bibliography.md#press2021)), the angles those of Su et al.
# ([2021](../reference/bibliography.md#su2021)).
