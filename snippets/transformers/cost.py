"""Multiply-adds of self-attention over those of a GRU: by the table, and with all matrices."""

d = 512
for n in (40, 512, 2048):
    table = (n * n * d) / (n * d * d)
    attention = 4 * n * d * d + 2 * n * n * d  # W_q, W_k, W_v, W_o; then scores and blends
    gru = 6 * n * d * d  # two gates and the new state, each a matrix for the word and the state
    print(f"n = {n:4}: by the table {table:.2f}, with all matrices {attention / gru:.2f}")
