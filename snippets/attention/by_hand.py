"""One row of attention with four numbers: what a pencil can check."""

import numpy as np

words = ["Le", "chat", "noir", "dort"]
e = np.log([1.0, 2.0, 16.0, 1.0])  # scores, chosen so that exp(e) is whole
h = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0], [8.0, 8.0]])  # one row a word

alpha = np.exp(e) / np.exp(e).sum()  # 1, 2, 16 and 1 parts of 20
c = alpha @ h

for word, weight in zip(words, alpha, strict=True):
    print(f"{word:5} {weight:.2f}")
print("c =", c.round(2))
