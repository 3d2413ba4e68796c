"""Memory Network, 2014: the best fact, then the best one given that fact."""

import numpy as np

story = """\
Ana took the lamp
Ben is in the garden
Ana is in the kitchen
Ben took the coat""".splitlines()
question = "Where is the lamp"
words = sorted({word for text in [*story, question] for word in text.split()})


def bag(text):
    return np.array([text.split().count(word) for word in words], dtype=float)


def weigh(weights):
    return np.array([weights.get(word, 0.0) for word in words])


# What a word counts for in each part that it plays, set by hand.
asked = weigh({"lamp": 2, "coat": 2, "is": 1})
found = weigh({"Ana": 1, "Ben": 1, "lamp": -2, "coat": -2})  # crossed off
fact = weigh({"Ana": 1, "Ben": 1, "lamp": 1, "coat": 1, "is": 1})

x = asked * bag(question)
m = fact * np.array([bag(sentence) for sentence in story])

s1 = m @ x
o1 = s1.argmax()
s2 = m @ (x + found * bag(story[o1]))
o2 = s2.argmax()

print("hop 1", s1, "→", story[o1])
print("hop 2", s2, "→", story[o2])
