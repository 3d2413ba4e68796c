"""A training step of the Memory Network of 2015 in attn and in PyTorch: the same sizes and batch.

Cases are named "memory network 96x32": stories in a batch, and width. A step is the loss, its
gradients, clipping, and Adam. PyTorch runs twice: with look-ups of embeddings, as its users write
it, and with words counted first, as attn does it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
from _hooks.bench import Views, as_it_is, peer

from attn.models import memnet
from attn.tools.stories import WORDS, batches, encode, stories
from attn.tools.train import train

HOPS, TIMES = 3, 16
SIZES = ((32, 20), (96, 32), (256, 50))
RATE, LARGEST = 1e-3, 10.0

Calls = dict[str, Callable[[], Any]]
SAME: Views = dict.fromkeys(("attn", "PyTorch", "PyTorch, words counted"), as_it_is)


def cases() -> Iterator[tuple[str, Calls, Views]]:
    """Every size; each call takes one step of training: the loss before, the parameters after it.

    All start from the same parameters, so their first steps can be compared.
    """
    rng = np.random.default_rng(0)
    told = encode([story for facts in (1, 2, 3) for story in stories(rng, facts, 100)])
    for size, width in SIZES:
        batch = tuple(next(batches(rng, told, size))[:3])
        params = memnet.init(rng, len(WORDS), TIMES, width, HOPS)
        steps = train(params, memnet.loss_and_grads, repeat(batch), repeat(RATE), largest=LARGEST)
        calls: Calls = {"attn": partial(next, steps)}
        if torch := peer("PyTorch"):
            calls["PyTorch"] = torch_step(torch, params, batch, looked_up)
            calls["PyTorch, words counted"] = torch_step(torch, params, batch, counted)
        yield f"memory network {size}x{width}", calls, SAME


def torch_step(
    torch: Any, params: Any, batch: Any, sentences: Callable[..., Any]
) -> Callable[[], Any]:
    """The same model, parameters and optimizer in PyTorch."""
    P = {key: torch.nn.Parameter(torch.tensor(value)) for key, value in params.items()}
    optimizer = torch.optim.Adam(P.values(), lr=RATE, fused=True)
    return partial(step, torch, P, optimizer, [torch.tensor(part) for part in batch], sentences)


def step(torch: Any, P: Any, optimizer: Any, batch: Any, sentences: Callable[..., Any]) -> Any:
    """Loss, gradients, clipping, Adam."""
    optimizer.zero_grad()
    x, q, y = batch
    loss = torch.nn.functional.cross_entropy(answer(torch, P, x, q, sentences), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(P.values(), LARGEST)
    optimizer.step()
    return loss.item(), P


def answer(torch: Any, P: Any, x: Any, q: Any, sentences: Callable[..., Any]) -> Any:
    """Hops with adjacent tying, position and temporal encoding, and masked softmax."""
    E, T = torch.cat([P["A"][None], P["C"]]), torch.cat([P["T_A"][None], P["T_C"]])
    empty = (x == 0).all(-1)
    m = sentences(torch, x, E) + T[:, None, : x.shape[1]]
    u = sentences(torch, q, E[:1])[0]
    for k in range(HOPS):
        e = (m[k] @ u[..., None])[..., 0].masked_fill(empty, -torch.inf)
        u = u + (e.softmax(-1)[:, None] @ m[k + 1])[:, 0]
    return u @ E[-1].T


def looked_up(torch: Any, x: Any, E: Any) -> Any:
    """Position encoding as a product: every word's vector, weighed, then added."""
    first, last, k = places(torch, x, E)
    l = first[..., None] + k * last[..., None]
    return torch.stack([(l * torch.nn.functional.embedding(x, table)).sum(-2) for table in E])


def counted(torch: Any, x: Any, E: Any) -> Any:
    """Position encoding as two counts of the words of a sentence."""
    first, last, k = places(torch, x, E)
    words = E.shape[1]
    N = torch.zeros(*x.shape[:-1], 2 * words)
    N.scatter_add_(-1, x, first).scatter_add_(-1, x + words, last)
    m = N.reshape(-1, 2 * words) @ torch.cat([E, E * k], 1)
    return m.reshape(len(E), *x.shape[:-1], -1)


def places(torch: Any, x: Any, E: Any) -> Any:
    """The two factors of l_kj = (1 − j/J) + (k/d)(2j/J − 1), word 0 left out."""
    word = x != 0
    j = torch.arange(1, x.shape[-1] + 1) / word.sum(-1, keepdim=True).clamp(min=1)
    return (1 - j) * word, (2 * j - 1) * word, torch.arange(1, E.shape[2] + 1) / E.shape[2]
