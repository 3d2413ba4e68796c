"""A step of training a Neural Turing Machine beside PyTorch: a loss and all its gradients.

The machine of page 4: memory of 64 rows of 16 numbers, a read head and a write head, 64 units in
the controller; a batch of 16 sequences of ten vectors to copy. PyTorch runs the same equations
eagerly, with its own LSTM cell, from the same parameters.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from _hooks.bench import Views, as_it_is, peer

from attn.models import ntm
from attn.tools.algorithms import Batch, copy
from attn.types import Params

Calls = dict[str, Callable[[], Any]]
SAME: Views = {"attn": as_it_is, "PyTorch": as_it_is}


def cases() -> Iterator[tuple[str, Calls, Views]]:
    """Both controllers."""
    rng = np.random.default_rng(0)
    batch = copy(rng, 10, 16)
    for name, start in (("LSTM", ntm.init), ("feed-forward", ntm.init_feedforward)):
        params = start(rng, inputs=9, outputs=8)
        ours: Calls = {"attn": partial(ntm.loss_and_grads, params, batch)}
        yield f"Turing machine, {name}", ours | on_torch(params, batch), SAME


def on_torch(params: Params, batch: Batch) -> Calls:
    """The same step in PyTorch; nothing where it is not installed."""
    if not (torch := peer("PyTorch")):
        return {}
    free = {key: torch.from_numpy(x.copy()).requires_grad_() for key, x in params.items()}
    given = [torch.from_numpy(x) for x in batch]

    def loss_and_grads() -> Any:
        found = loss(torch, free, *given)
        return found, dict(zip(free, torch.autograd.grad(found, list(free.values())), strict=True))

    return {"PyTorch": loss_and_grads}


def loss(torch: Any, p: dict[str, Any], x: Any, y: Any, mask: Any) -> Any:
    """ntm.loss_and_grads without the gradients."""
    h, c, M, w, r = first_state(torch, p, len(x))
    cell = lstm_weights(torch, p) if "U" in p else None
    out = []
    for x_t in x.transpose(0, 1):
        seen = torch.cat([x_t, r], 1)
        if cell:
            h, c = torch.lstm_cell(seen, (h, c), *cell)
        else:
            h = torch.tanh(torch.addmm(p["b"], seen, p["W"]))
        M, w, r = step(torch, torch.addmm(p["b_h"], h, p["W_h"]), M, w)
        out.append(torch.cat([h, r], 1))
    logits = torch.stack(out, 1) @ p["W_y"] + p["b_y"]
    bits = torch.nn.functional.binary_cross_entropy_with_logits
    return bits(logits[mask], y[mask])


def first_state(torch: Any, p: dict[str, Any], b: int) -> tuple[Any, ...]:
    """The learned beginning of b sequences."""
    w = torch.softmax(p["w_0"], 1).expand(b, -1, -1)
    M = p["M_0"].expand(b, w.shape[2], -1)
    h, c = (p[key].expand(b, -1) if key in p else None for key in ("h_0", "c_0"))
    return h, c, M, w, p["r_0"].reshape(1, -1).expand(b, -1)


def lstm_weights(torch: Any, p: dict[str, Any]) -> tuple[Any, ...]:
    """Ours in the order of PyTorch's LSTM cell: i, f, g, o, and transposed."""
    n = len(p["U"])
    order = torch.cat([torch.arange(2 * n), torch.arange(3 * n, 4 * n), torch.arange(2 * n, 3 * n)])
    return p["W"].T[order], p["U"].T[order], p["b"][order], None


def step(torch: Any, o: Any, M: Any, w: Any) -> tuple[Any, Any, Any]:
    """Look, write, read, with one read head and one write head."""
    functional, d = torch.nn.functional, M.shape[2]
    k, a, e, g, beta, gamma, s = o.split([2 * d, d, d, 2, 2, 2, 6], 1)
    k, s = torch.tanh(k).view(-1, 2, d), torch.softmax(s.view(-1, 2, 3), 2)
    e, a = torch.sigmoid(e)[:, None], torch.tanh(a)[:, None]
    g, beta, gamma = torch.sigmoid(g), functional.softplus(beta), 1 + functional.softplus(gamma)
    K = k @ M.mT / (length(k)[:, :, None] * length(M)[:, None])
    w_g = torch.lerp(w, torch.softmax(beta[:, :, None] * K, 2), g[:, :, None])
    w_s = sum(s[:, :, move, None] * w_g.roll(move - 1, 2) for move in range(3))
    w = torch.softmax(gamma[:, :, None] * torch.log(w_s), 2)
    write = w[:, 1, :, None]
    M = M * (1 - write * e) + write * a
    return M, w, (w[:, :1] @ M)[:, 0]


def length(x: Any) -> Any:
    """Of each row; as in attn.ops.scores.cosine."""
    return ((x * x).sum(-1) + 1e-6).sqrt()
