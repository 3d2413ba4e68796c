"""Multiply-adds of one layer, leading terms: self-attention n² d, recurrence n d²."""

d = 512
for n in (40, 512, 2048):
    attention = n * n * d / 1e6  # n times n scores, each a product of d numbers
    recurrence = n * d * d / 1e6  # n times a state times a matrix of d times d
    print(f"n = {n:4}: attention {attention:7.2f} M, recurrence {recurrence:6.2f} M, ", end="")
    print(f"ratio {attention / recurrence:.2f}")
