"""One head, four stages: find the row that fits the key, then point at the row after it."""

import numpy as np

from attn.mechanisms.addressing import content, interpolate, read, sharpen, shift

M = 2.0 * (np.arange(8)[:, None] >> np.arange(3) & 1) - 1  # row i: the bits of i, as −1 and 1
k = M[2]  # the key: what row 2 holds
w_prev = np.eye(8)[6]  # the head stood at row 6

w_c = content(k, np.array(4.0), M)
w_g = interpolate(w_c, np.array(0.8), w_prev)
w_s = shift(w_g, np.array([0.0, 0.2, 0.8]))  # moves −1, 0, +1
w = sharpen(w_s, np.array(5.0))

for name, weights in {"content": w_c, "gate": w_g, "shift": w_s, "sharpen": w}.items():
    print(f"{name:8}", weights.round(2))
print("read    ", read(w, M).round(2), "row 3 holds", M[3])
