"""End-to-end Memory Network, 2015: the same two hops, with softmax."""

import numpy as np

from attn.ops.softmax import softmax

story = """\
Ana took the lamp
Ben is in the garden
Ana is in the kitchen
Ben took the coat""".splitlines()
question = "Where is the lamp"
words = sorted({word for text in [*story, question] for word in text.split()})


def bag(text):
    return np.array([text.split().count(word) for word in words], dtype=float)


def embedding(weights):
    """A vector for each word, by hand: an axis of its own, times its weight."""
    return np.diag([weights.get(word, 0.0) for word in words])


q, bags = bag(question), np.array([bag(text) for text in story])
A1 = embedding({"lamp": 2, "coat": 2, "is": 1})  # also embeds the question
C1 = embedding({"Ana": 2, "Ben": 2, "is": 2})  # also the A of the next hop
C2 = embedding({"kitchen": 3, "garden": 3})  # also reads off the answer

u = q @ A1
for A, C in [(A1, C1), (C1, C2)]:
    m, c = bags @ A, bags @ C
    p = softmax(m @ u)
    o = p @ c
    u = u + o
    print("hop", p.round(2), "→", story[p.argmax()])

answer = softmax(C2 @ u)
print("answer:", words[answer.argmax()], answer.max().round(3))
