"""The module in one program: score (in two ways), normalize, combine."""

import numpy as np


def softmax(e):
    """alpha_ij = exp(e_ij) / sum_k exp(e_ik)"""
    z = np.exp(e - e.max(axis=-1, keepdims=True))
    return z / z.sum(axis=-1, keepdims=True)


def additive(q, k, W_a, U_a, v_a):
    """e_ij = v_a^T tanh(W_a q_i + U_a k_j), Bahdanau et al. 2014"""
    return np.tanh((q @ W_a)[:, None] + (k @ U_a)[None, :]) @ v_a


def scaled_dot(q, k):
    """e_ij = q_i^T k_j / sqrt(d_k), Vaswani et al. 2017"""
    return q @ k.T / np.sqrt(q.shape[-1])


rng = np.random.default_rng(0)
q, k = rng.normal(size=(2, 4)), rng.normal(size=(3, 4))
v = rng.normal(size=(3, 5))
W_a, U_a = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
v_a = rng.normal(size=6)

scores = {"additive": additive(q, k, W_a, U_a, v_a), "scaled": scaled_dot(q, k)}
for name, e in scores.items():
    alpha = softmax(e)
    c = alpha @ v
    print(f"{name:8} weights {alpha.round(2).tolist()}, context {c.shape}")
