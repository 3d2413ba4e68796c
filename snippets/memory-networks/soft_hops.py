"""End-to-end Memory Network, 2015: the same two hops with softmax, so that all can be trained."""

import numpy as np

from attn.ops.softmax import softmax

story = ["Ana took the lamp", "Ben is in the garden", "Ana is in the kitchen", "Ben took the coat"]
question = "Where is the lamp"
words = sorted({word for text in [*story, question] for word in text.split()})
bags = np.array([[text.split().count(word) for word in words] for text in story], dtype=float)
q = np.array([question.split().count(word) for word in words], dtype=float)


def embedding(weights):
    """A vector for each word: its own axis, times its weight. Set by hand; there it is learned."""
    return np.diag([weights.get(word, 0.0) for word in words])


A1 = embedding({"lamp": 2, "coat": 2, "is": 1})  # also embeds the question
C1 = embedding({"Ana": 2, "Ben": 2, "is": 2})  # is the A of the next hop: adjacent tying
C2 = embedding({"kitchen": 3, "garden": 3})  # also reads off the answer

u = q @ A1
for A, C in [(A1, C1), (C1, C2)]:
    m, c = bags @ A, bags @ C
    p = softmax(m @ u)
    o = p @ c
    u = u + o
    print("hop looks at", p.round(2), "→", story[p.argmax()])

answer = softmax(C2 @ u)
print("answer:", words[answer.argmax()], answer.max().round(3))
