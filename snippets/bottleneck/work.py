"""What each translator costs: parameters, and multiplications."""

import numpy as np

from attn.models.seq2seq import init, init_fixed

rng = np.random.default_rng(0)
words = 61, 46  # in the French and in the English vocabulary
models = {
    "attention": init(rng, *words, embed=48),
    "fixed vector": init_fixed(rng, *words, embed=48, hidden=66),
    "wider vector": init_fixed(rng, *words, embed=48, hidden=102),
}


def work(params, n):
    """Multiplications to turn n words into n: one an entry and use."""
    size = {key: p.size for key, p in params.items()}
    source = size["W_x"] + size["U_x"] + size["U_xh"]
    target = size["W_y"] + size["U_y"] + size["U_yh"] + size["W_o"]
    if "v_a" not in params:
        return (source + target) * n + size["C_y"]  # c is the same
    source += size["U_a"]
    target += size["C_y"] + size["W_a"]
    pair = size["v_a"] + len(params["U_a"])  # a score, a summand
    return (source + target) * n + pair * n**2


lengths = (20, 40, 400)
print("              parameters   millions of multiplications")
print(" " * 24 + "".join(f"{n:6} words" for n in lengths))
for name, params in models.items():
    count = sum(p.size for p in params.values())
    row = "".join(f"{work(params, n) / 1e6:12.1f}" for n in lengths)
    print(f"{name:12}{count:12,}{row}")
