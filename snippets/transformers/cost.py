"""Multiply-adds of one layer: self-attention n^2 d, recurrence n d^2. They meet at n = d."""


def self_attention(n, d):
    """The scores alone: n times n products of d numbers."""
    return n * n * d


def recurrence(n, d):
    """The state alone: n products with a matrix of d times d."""
    return n * d * d


for n, d in ((40, 512), (512, 512), (2048, 512)):
    a, r = self_attention(n, d) / 1e6, recurrence(n, d) / 1e6
    print(f"n = {n:4}, d = {d}: attention {a:7.2f} M, recurrence {r:7.2f} M, ratio {a / r:.2f}")
