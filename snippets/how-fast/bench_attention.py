"""Attention in tiles beside the plain form, PyTorch and JAX: time and memory, by length.

Cases are named "forward 8x512" or "both causal 1x8192": forward, or forward and backward; heads,
and length. All are of 64 features, in float32.
"""

from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
from _hooks.bench import Views, as_it_is, peer, with_gradients

from attn.mechanisms import attention as plain
from attn.mechanisms import tiled
from attn.ops.cores import on_all_cores
from attn.ops.masks import causal as causal_mask

D = 64
ONE_HEAD = (128, 512, 2048, 8192, 16384, 32768)
EIGHT_HEADS = (128, 512, 2048, 4096)
SIZES = [*((1, n) for n in ONE_HEAD), *((8, n) for n in EIGHT_HEADS)]
PLAIN_UP_TO = 8192  # beyond, the plain form needs more memory than many machines have
BOTH_UP_TO = 16384
JAX_UP_TO = 8192  # it holds all scores, too

Calls = dict[str, Callable[[], Any]]


def heads_first(x: Any) -> Any:
    """An array of JAX with its axes as ours."""
    return np.swapaxes(x, 1, 2)


SAME: Views = {"attn": as_it_is, "PyTorch": as_it_is}
CONTEXTS = SAME | {"attn, plain form": itemgetter(0), "JAX": heads_first}
GRADIENTS = SAME | {"attn, plain form": as_it_is, "JAX": lambda y: [*map(heads_first, y[1])]}


def cases() -> Iterator[tuple[str, Calls, Views]]:
    """Every size, with and without a causal mask, forward and both ways."""
    for heads, n in SIZES:
        rng = np.random.default_rng(n)
        q, k, v, dc = rng.standard_normal((4, 1, heads, n, D), dtype=np.float32)
        for causal in (False, True):
            name = f"{'causal ' if causal else ''}{heads}x{n}"
            yield f"forward {name}", forward(q, k, v, causal), CONTEXTS
            if n <= BOTH_UP_TO:
                yield f"both {name}", both(dc, q, k, v, causal), GRADIENTS
    q, k, v = np.random.default_rng(0).standard_normal((3, 1, 8, 2048, D), dtype=np.float32)
    yield "forward, large scores", forward(30 * q, k, v, causal=False), CONTEXTS
    yield "forward, after a product", after_a_product(8, 512), SAME


def forward(q: Any, k: Any, v: Any, causal: bool) -> Calls:
    """Contexts alone."""
    n = q.shape[-2]
    calls: Calls = {"attn": partial(tiled.attention, q, k, v, causal=causal)}
    if n <= PLAIN_UP_TO:
        mask = causal_mask(n) if causal else None
        calls["attn, plain form"] = partial(plain.attention, q, k, v, mask)
    calls["the bound"] = partial(bound, q, k, v, causal, exponentials=True)
    calls["the bound, products alone"] = partial(bound, q, k, v, causal, exponentials=False)
    return calls | torch_forward(q, k, v, causal) | jax_forward(q, k, v, causal)


def both(dc: Any, q: Any, k: Any, v: Any, causal: bool) -> Calls:
    """Contexts, then the gradients of queries, keys and values."""
    calls: Calls = {"attn": partial(tiled_both, dc, q, k, v, causal)}
    if q.shape[-2] <= PLAIN_UP_TO:
        mask = causal_mask(q.shape[-2]) if causal else None
        calls["attn, plain form"] = partial(plain_both, dc, q, k, v, mask)
    return calls | torch_both(dc, q, k, v, causal) | jax_both(dc, q, k, v, causal)


def after_a_product(heads: int, n: int) -> Calls:
    """As in a network: one product makes queries, keys and values, then they attend."""
    rng, d = np.random.default_rng(n), heads * D
    x = rng.standard_normal((n, d), dtype=np.float32)
    W = rng.standard_normal((d, 3 * d), dtype=np.float32) / np.float32(d**0.5)
    by_head = 1, n, 3, heads, D

    def ours() -> Any:
        return tiled.attention(*(x @ W).reshape(by_head).transpose(2, 0, 3, 1, 4))

    calls: Calls = {"attn": ours, "the product alone": partial(np.matmul, x, W)}
    if torch := peer("PyTorch"):
        xt, Wt = map(torch.from_numpy, (x, W))
        attend = torch.nn.functional.scaled_dot_product_attention
        calls["PyTorch"] = lambda: attend(*(xt @ Wt).view(by_head).permute(2, 0, 3, 1, 4))
    return calls


def tiled_both(dc: Any, q: Any, k: Any, v: Any, causal: bool) -> Any:
    """Ours, in tiles."""
    _, trace = tiled.attention_with_trace(q, k, v, causal=causal)
    return tiled.attention_with_trace_backward(dc, q, k, v, trace, causal=causal)


def plain_both(dc: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    """Ours, as the equation has it."""
    _, alpha = plain.attention(q, k, v, mask)
    return plain.attention_backward(dc, q, k, v, alpha)


def bound(q: Any, k: Any, v: Any, causal: bool, exponentials: bool) -> None:
    """What our form cannot do without: the two products of each tile that it plans, and the
    exponentials."""
    job = tiled._job(q / D, k, v, None, causal)
    work = partial(bound_on_a_core, job, exponentials)
    on_all_cores(work, tiled._rooms(job), tiled._tiles_of_queries(job))


def bound_on_a_core(job: Any, exponentials: bool, room: Any, tiles: Any) -> None:
    """The same tiles, products and rooms as in tiled._look_up; nothing is added up or divided."""
    for heads, rows in tiles:
        q_t = tiled._queries(job, heads, rows, True, room.q)
        for seen, keys, _ in tiled._parts(job, heads, rows, slice(0, job.k.shape[1])):
            since = slice(seen.start - rows.start, None)
            e = tiled._product(job.k[heads, keys], q_t[..., since], room.e)
            if exponentials:
                tiled.BASE.power(e, out=e)
            tiled._product(e.mT, job.v[heads, keys], room.rows)


def torch_forward(q: Any, k: Any, v: Any, causal: bool) -> Calls:
    """PyTorch's scaled_dot_product_attention."""
    if not (torch := peer("PyTorch")):
        return {}
    given = [torch.from_numpy(x) for x in (q, k, v)]
    attend = torch.nn.functional.scaled_dot_product_attention
    return {"PyTorch": partial(attend, *given, is_causal=causal)}


def torch_both(dc: Any, q: Any, k: Any, v: Any, causal: bool) -> Calls:
    """The same, with the gradients by its autograd."""
    if not (torch := peer("PyTorch")):
        return {}
    given = [torch.from_numpy(x).requires_grad_() for x in (q, k, v)]
    attend, g = torch.nn.functional.scaled_dot_product_attention, torch.from_numpy(dc)
    return {"PyTorch": lambda: torch.autograd.grad(attend(*given, is_causal=causal), given, g)}


def jax_attend(causal: bool) -> Any:
    """JAX's dot_product_attention; it wants the heads behind the positions."""
    jax = peer("JAX")
    return lambda *qkv: jax.nn.dot_product_attention(*qkv, is_causal=causal)


def jax_forward(q: Any, k: Any, v: Any, causal: bool) -> Calls:
    """The same, compiled."""
    if not (jax := peer("JAX")) or q.shape[-2] > JAX_UP_TO:
        return {}
    given, attend = [jax.numpy.asarray(x.swapaxes(1, 2)) for x in (q, k, v)], jax_attend(causal)
    compiled = jax.jit(attend)
    return {"JAX": lambda: compiled(*given).block_until_ready()}


def jax_both(dc: Any, q: Any, k: Any, v: Any, causal: bool) -> Calls:
    """The same with its gradients, compiled."""
    if not (jax := peer("JAX")) or q.shape[-2] > JAX_UP_TO:
        return {}
    g, *given = [jax.numpy.asarray(x.swapaxes(1, 2)) for x in (dc, q, k, v)]
    compiled = with_gradients(jax, jax_attend(causal))
    return {"JAX": lambda: jax.block_until_ready(compiled(g, *given))}
