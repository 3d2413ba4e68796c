# ---
# title: Four knobs of a head
# description: Follow one weight vector of a Neural Turing Machine through its four stages.
# ---

# %% [markdown]
# # Four knobs of a head
#
# A head of a Neural Turing Machine must say *where* in memory it looks. Its answer is one vector of
# weights, made in four stages. Each stage has a knob:
#
# $$\s{w_c} \xrightarrow{\;\s{g}\;} \s{w_g} \xrightarrow{\;\s{sh}\;} \s{w_s}
# \xrightarrow{\;\s{gamma}\;} \s{w}$$
#
# **Expect this.** The key finds a row, the gate decides whether to believe it, the shift moves on,
# and sharpening undoes the blur. Every stage hands on weights that sum to one.

# %%
import matplotlib.pyplot as plt
import numpy as np

from attn.mechanisms.addressing import content, interpolate, sharpen, shift

# %% [markdown]
# ## One memory, one key
#
# The memory $\s{M}$ has nine rows. The key is row 5 with some noise. At the step before, the head
# stood at row 2. All four knobs are here:

# %%
rng = np.random.default_rng(0)
M = rng.standard_normal((9, 6))
k = M[5] + 0.5 * rng.standard_normal(6)
w_prev = np.eye(9)[2]

beta = np.array(6.0)  # key strength: 0 sees no difference, 50 only the best
g = np.array(0.8)  # gate: 1 believes the key, 0 stays with w_prev
s = np.array([0.0, 0.2, 0.8])  # shift: weights of the moves -1, 0, +1
gamma = np.array(3.0)  # sharpening: 1 changes nothing

w_c = content(k, beta, M)
w_g = interpolate(w_c, g, w_prev)
w_s = shift(w_g, s)
w = sharpen(w_s, gamma)

# %% [markdown]
# ## Stage by stage
#
# From left to right: the content look-up points at row 5. The gate mixes in row 2, where the head
# was. The shift moves both bumps by one, and blurs them. Sharpening keeps the larger.

# %% alt="A peak at row 5; a small one joins at 2; both move by one; the larger is left."
stages = {"content": w_c, "gate": w_g, "shift": w_s, "sharpen": w}
figure, panels = plt.subplots(1, 4, sharey=True)
for panel, (name, weights) in zip(panels, stages.items(), strict=True):
    panel.bar(range(9), weights, color="C1")
    panel.set(title=name, xlabel="row", xticks=[0, 2, 4, 6, 8])
panels[0].set_ylabel("weight")
plt.show()
for name, weights in stages.items():
    largest = f"{weights.max():.2f} at row {weights.argmax()}"
    print(f"{name:8}  sum {weights.sum():.2f}  largest {largest}")

# %% [markdown]
# ## Walking without a key
#
# With $\s{g} = 0$ the head forgets the key, and moves by shifts alone. That is how a trained
# machine reads a copied sequence row by row. But a shift that is not quite certain blurs the
# weights, and the blur adds up.


# %%
onward = np.array([0.03, 0.07, 0.9])  # the next row, nearly always


def walk(gamma, steps=25):
    w, largest = np.eye(9)[0], []
    for _ in range(steps):
        w = sharpen(shift(w, onward), np.array(gamma))
        largest.append(w.max())
    return largest


# %% alt="Over 25 steps the largest weight fades without sharpening and stays near one with it."
for gamma, line in [(1.0, ":"), (1.2, "-."), (1.5, "--"), (3.0, "-")]:
    largest = walk(gamma)
    plt.plot(range(1, 26), largest, line, label=f"γ = {gamma}")
    print(f"gamma {gamma}  largest weight after 25 steps {largest[-1]:.2f}")
plt.xlabel("steps")
plt.ylabel("largest weight")
plt.title("A walk along the memory, moved by shifts alone")
plt.ylim(0, 1.05)
plt.legend()
plt.show()

# %% [markdown]
# ## Turn the knobs
#
# - Set `g` to 0.5. For which `beta` does the head stay near row 2 in the end?
# - Make `s` uniform: one third for each move. Can sharpening still repair it?
# - Nine rows in a circle: start the walk at row 8. What does its first step do?
# - At which `gamma` does the walk begin to hold? Try values between 1.0 and 1.5.
#
# The stages are equations 5 to 9 of Graves et al.
# ([2014](../reference/bibliography.md#graves2014ntm)). The page
# [Neural Turing Machines](../turing-machines.md) builds the whole machine.
