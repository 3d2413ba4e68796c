"""Multiply-adds of self-attention over those of a GRU."""

d = 512
for n in (40, 512, 2048):
    table = (n * n * d) / (n * d * d)
    # W_q, W_k, W_v, W_o; then scores and blends
    attention = 4 * n * d * d + 2 * n * n * d
    gru = 6 * n * d * d  # three times a matrix for word and state
    print(f"n = {n:4}: by the table {table:.2f},", end=" ")
    print(f"with all matrices {attention / gru:.2f}")
