"""Copy by hand: mark a row, write on from it, jump back to it, read on."""

import numpy as np

from attn.mechanisms.addressing import content, interpolate, read, sharpen, shift, write

MARK = np.eye(9)[0]  # the first of nine numbers is kept for the mark
rng = np.random.default_rng(0)
x = rng.integers(0, 2, (20, 9)) * (1 - MARK)  # 20 vectors of 8 bits


def wrong(rows=24, move=1.0, gamma=1.0):
    s = np.array([0.0, 1 - move, move])  # moves −1, 0, +1
    w = np.eye(rows)[0]
    M = write(w, np.ones(9), MARK, np.zeros((rows, 9)))
    y = []
    for t in range(40):
        g = np.array(float(t == 20))  # once, look for the mark
        w_g = interpolate(content(MARK, np.array(50.0), M), g, w)
        w = sharpen(shift(w_g, s), np.array(gamma))
        if t < 20:
            M = write(w, np.ones(9), x[t], M)
        else:
            y.append(read(w, M))
    return int(((np.array(y) > 0.5) != x).sum())


print("sure to move        ", wrong(), "of 160 bits wrong")
print("a tenth stays       ", wrong(move=0.9), "of 160 bits wrong")
print("the same, gamma = 2 ", wrong(move=0.9, gamma=2.0), "of 160 bits wrong")
