"""One head, four stages: find the row that fits, then take the row after it."""

import numpy as np

from attn.mechanisms.addressing import content, interpolate, read, sharpen, shift

M = 2.0 * (np.arange(8)[:, None] >> np.arange(3) & 1) - 1  # the bits of 0 to 7
k = M[2]  # the key: what row 2 holds
w_prev = np.eye(8)[6]  # the head stood at row 6

w_c = content(k, np.array(4.0), M)
w_g = interpolate(w_c, np.array(0.8), w_prev)
w_s = shift(w_g, np.array([0.0, 0.2, 0.8]))  # moves −1, 0, +1
w = sharpen(w_s, np.array(5.0))

print("content", w_c.round(2))
print("gate   ", w_g.round(2))
print("shift  ", w_s.round(2))
print("sharpen", w.round(2))
print("read   ", read(w, M).round(2), "row 3 holds", M[3])
