"""One draw by hand: what it does to four scores, by baseline."""

import numpy as np

# Le, chat, noir, dort
alpha = np.array([0.05, 0.10, 0.80, 0.05])
R = np.array([0.0, 5.0, 10.0, 0.0])  # the reward for reading each: made up

J = alpha @ R  # what a draw earns on average
print("expected reward", J)
print("exact gradient ", alpha * (R - J))

chat = 1
dlog = (np.arange(4) == chat) - alpha  # d log alpha[chat] / d e
print("chat drawn:")
print("  no baseline  ", (R[chat] - 0) * dlog)
print("  baseline J   ", (R[chat] - J) * dlog)
