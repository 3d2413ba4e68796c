"""A step of training beside PyTorch, JAX and HIPS autograd: a loss and all its gradients.

The translator of page 2 (64 hidden units, batch of 32, 20 words), the additive scores alone (batch
of 32, 32 queries, 64 keys, 256 features), and a Transformer of two layers (64 features, 4 heads,
32 tokens, batch of 32). JAX and autograd run our equations from our parameters, JAX compiled.
PyTorch runs eagerly, with its fused GRU in the encoder, its GRU cell and its attention. Its GRU
forgets after the product, not before, and has a bias more: so its translator, with parameters of
its own, does as much as ours, but not the same, and is the only result that is not compared.
"""

from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
from _hooks.bench import Views, as_it_is, peer, with_gradients

from attn.models import seq2seq
from attn.models import transformer as model
from attn.ops import scores
from attn.ops.positions import sinusoidal

BATCH, WORDS, LENGTH = 32, 80, 20
M, N, A = 32, 64, 32  # embedding, hidden units, alignment
QUERIES, KEYS, FEATURES = 32, 64, 256
TOKENS, HEADS, D, LAYERS = 32, 4, 64, 2
CODES = sinusoidal(TOKENS, D).astype(np.float32)

Calls = dict[str, Callable[[], Any]]
OUR_EQUATIONS: Views = dict.fromkeys(("attn", "JAX", "HIPS autograd"), as_it_is)
SAME = OUR_EQUATIONS | {"PyTorch": as_it_is}


def cases() -> Iterator[tuple[str, Calls, Views]]:
    """The steps."""
    np.empty(31 << 20, np.uint8)  # as in attn.tools.train: for ours and theirs alike
    rng = np.random.default_rng(0)
    x, y = rng.integers(1, WORDS, (2, BATCH, LENGTH))
    kept = np.ones((BATCH, LENGTH), bool)
    params = seq2seq.init(rng, WORDS, WORDS, M, N, A)
    ours: Calls = {"attn": partial(seq2seq.loss_and_grads, params, (x, kept, y, kept))}
    theirs = torch_translator(x, y) | others(translator_loss, params, x, y)
    yield "translator", ours | theirs, OUR_EQUATIONS
    yield from additive_cases(rng)
    yield "Transformer", transformer(rng), SAME | {"attn": by_layer}


# Additive scores.


def additive_cases(rng: np.random.Generator) -> Iterator[tuple[str, Calls, Views]]:
    """The scores, and the scores with their gradients."""
    a = FEATURES
    shapes = (BATCH, QUERIES, a), (BATCH, KEYS, a), (a, a), (a, a), (a,)
    args = [(rng.standard_normal(s) / s[-1] ** 0.5).astype(np.float32) for s in shapes]
    de = rng.standard_normal((BATCH, QUERIES, KEYS)).astype(np.float32)

    def both() -> Any:
        scores.additive(*args)
        return scores.additive_backward(de, *args)

    forward: Calls = {"attn": partial(scores.additive, *args)}
    backward: Calls = {"attn": both}
    if torch := peer("PyTorch"):
        given = [torch.from_numpy(x) for x in args]
        free = [torch.from_numpy(x.copy()).requires_grad_() for x in args]
        forward["PyTorch"] = partial(torch_additive, torch, *given)
        backward["PyTorch"] = lambda: torch.autograd.grad(
            torch_additive(torch, *free), free, torch.from_numpy(de)
        )
    if jax := peer("JAX"):
        g, *on_jax = [jax.numpy.asarray(x) for x in (de, *args)]
        compiled = jax.jit(partial(additive, jax.numpy))
        vjp = with_gradients(jax, partial(additive, jax.numpy))
        forward["JAX"] = lambda: compiled(*on_jax).block_until_ready()
        backward["JAX"] = lambda: jax.block_until_ready(vjp(g, *on_jax))
    yield "additive scores", forward, SAME
    yield "additive scores, both", backward, SAME | {"JAX": itemgetter(1)}


def additive(xp: Any, q: Any, k: Any, W_a: Any, U_a: Any, v_a: Any) -> Any:
    """e_ij = v_aᵀ tanh(W_a q_i + U_a k_j)"""
    return xp.tanh((q @ W_a)[:, :, None] + (k @ U_a)[:, None]) @ v_a


torch_additive = additive  # it reads the same in PyTorch


# The translator.


def translator_loss(xp: Any, params: Any, x: Any, y: Any) -> Any:
    """seq2seq.loss_and_grads without the gradients, in the functions of NumPy that all have."""
    h = encoded(xp, params, x.T)
    Uh, before = h @ params["U_a"], np.pad(y[:, :-1], ((0, 0), (1, 0)))
    s, out = xp.tanh(h[:, 0, N:] @ params["W_s"] + params["b_s"]), []
    for y_prev in before.T:
        Ey = params["E_y"][y_prev]
        tanh = xp.tanh((s @ params["W_a"])[:, None] + Uh)
        alpha = softmax(xp, tanh @ params["v_a"])
        c = (alpha[:, None] @ h)[:, 0]
        a = Ey @ params["W_y"] + params["b_y"] + c @ params["C_y"]
        s = gru(xp, a, s, params["U_y"], params["U_yh"])
        out.append(xp.concatenate([s, c, Ey], axis=-1))
    logits = xp.stack(out, axis=1) @ params["W_o"] + params["b_o"]
    return surprise(xp, logits, y)


def encoded(xp: Any, params: Any, x: Any) -> Any:
    """Both directions, side by side."""
    Ex, h, states = (
        params["E_x"][np.stack([x, x[::-1]], axis=1)],
        xp.zeros((2, BATCH, N), np.float32),
        [],
    )
    for x_t in Ex @ params["W_x"] + params["b_x"][:, None]:
        h = gru(xp, x_t, h, params["U_x"], params["U_xh"])
        states.append(h)
    both = [xp.stack([s[0] for s in states]), xp.stack([s[1] for s in states[::-1]])]
    return xp.swapaxes(xp.concatenate(both, axis=-1), 0, 1)


def gru(xp: Any, a: Any, h: Any, U: Any, U_h: Any) -> Any:
    """One step of a gated recurrent unit."""
    rz = 1 / (1 + xp.exp(-(a[..., : 2 * N] + h @ U)))
    r, z = rz[..., :N], rz[..., N:]
    return z * h + (1 - z) * xp.tanh(a[..., 2 * N :] + (r * h) @ U_h)


def softmax(xp: Any, e: Any) -> Any:
    """Weights of scores that are small."""
    w = xp.exp(e)
    return w / w.sum(axis=-1, keepdims=True)


def surprise(xp: Any, logits: Any, y: Any) -> Any:
    """The mean over all words."""
    right = logits[np.arange(y.shape[0])[:, None], np.arange(y.shape[1]), y]
    return xp.mean(xp.log(xp.exp(logits).sum(axis=-1)) - right)


def torch_translator(x: Any, y: Any) -> Calls:
    """As one writes it in PyTorch."""
    if not (torch := peer("PyTorch")):
        return {}
    nn, cat = torch.nn, torch.cat
    sizes = {"E_x": nn.Embedding(WORDS, M), "E_y": nn.Embedding(WORDS, M)}
    sizes |= {"encoder": nn.GRU(M, N, bidirectional=True, batch_first=True)}
    sizes |= {"cell": nn.GRUCell(M + 2 * N, N), "W_s": nn.Linear(N, N)}
    sizes |= {"W_a": nn.Linear(N, A, bias=False), "U_a": nn.Linear(2 * N, A, bias=False)}
    net = nn.ModuleDict(sizes | {"v_a": nn.Linear(A, 1, False), "W_o": nn.Linear(3 * N + M, WORDS)})
    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def step() -> Any:
        h, _ = net["encoder"](net["E_x"](x))
        Uh, s = net["U_a"](h), torch.tanh(net["W_s"](h[:, 0, N:]))
        out = []
        for Ey in net["E_y"](nn.functional.pad(y[:, :-1], (1, 0))).unbind(1):
            e = net["v_a"](torch.tanh(net["W_a"](s)[:, None] + Uh))[..., 0]
            c = (torch.softmax(e, -1)[:, None] @ h)[:, 0]
            s = net["cell"](cat([Ey, c], -1), s)
            out.append(cat([s, c, Ey], -1))
        logits = net["W_o"](torch.stack(out, 1))
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        return torch.autograd.grad(loss, list(net.parameters()))

    return {"PyTorch": step}


# The Transformer.


def transformer(rng: np.random.Generator) -> Calls:
    """Ours beside the others'."""
    params = model.init(rng, WORDS, D, HEADS, LAYERS)
    x, y = rng.integers(0, WORDS, (2, BATCH, TOKENS))
    kept = np.ones(x.shape, bool)
    calls: Calls = {"attn": partial(model.loss_and_grads, params, (x, y, kept))}
    _, apart = by_layer((0, params))
    return calls | torch_transformer(apart, x, y) | others(transformer_loss, apart, x, y)


def by_layer(given: Any) -> Any:
    """Loss and gradients, or parameters, with an array for each layer, as the others have them."""
    loss, params = given
    apart = {}
    for key, x in params.items():
        if key in ("gamma", "beta"):
            apart |= {f"{key}_{at}{i}": x[i, j] for i in range(LAYERS) for j, at in enumerate("nm")}
        elif key == "E" or key.endswith("_out"):
            apart[key] = x
        else:
            apart |= {f"{key}{i}": x[i] for i in range(LAYERS)}
    return loss, apart


def transformer_loss(xp: Any, params: Any, x: Any, y: Any) -> Any:
    """transformer.loss_and_grads without the gradients: pre-norm blocks, tied embeddings."""
    mask = np.tri(TOKENS, dtype=bool)
    u = params["E"][x] * D**0.5 + CODES
    for i in range(LAYERS):
        qkv = norm(xp, u, params, f"n{i}") @ params[f"W_qkv{i}"].reshape(D, 3 * D)
        qkv = qkv.reshape(BATCH, TOKENS, 3, HEADS, D // HEADS)
        q, k, v = (xp.swapaxes(qkv[:, :, part], 1, 2) for part in range(3))
        e = q @ xp.swapaxes(k, -1, -2) / (D // HEADS) ** 0.5
        c = softmax(xp, xp.where(mask, e, np.float32(-1e4))) @ v
        u = u + xp.swapaxes(c, 1, 2).reshape(BATCH, TOKENS, D) @ params[f"W_o{i}"]
        a = norm(xp, u, params, f"m{i}") @ params[f"W_1{i}"] + params[f"b_1{i}"]
        gelu = 0.5 * a * (1 + xp.tanh((2 / np.pi) ** 0.5 * (a + 0.044715 * a**3)))
        u = u + gelu @ params[f"W_2{i}"] + params[f"b_2{i}"]
    return surprise(xp, norm(xp, u, params, "out") @ params["E"].T, y)


def norm(xp: Any, u: Any, params: Any, name: str) -> Any:
    """Layer normalization."""
    u = u - xp.mean(u, axis=-1, keepdims=True)
    u = u / xp.sqrt(xp.mean(u * u, axis=-1, keepdims=True) + 1e-5)
    return u * params[f"gamma_{name}"] + params[f"beta_{name}"]


def torch_transformer(params: Any, x: Any, y: Any) -> Calls:
    """The same from PyTorch's parts."""
    if not (torch := peer("PyTorch")):
        return {}
    f = torch.nn.functional
    P = {key: torch.tensor(value, requires_grad=True) for key, value in params.items()}
    x, y, codes = (torch.from_numpy(given) for given in (x, y, CODES))

    def norm(u: Any, name: str) -> Any:
        return f.layer_norm(u, (D,), P[f"gamma_{name}"], P[f"beta_{name}"])

    def step() -> Any:
        u = f.embedding(x, P["E"]) * D**0.5 + codes
        for i in range(LAYERS):
            qkv = f.linear(norm(u, f"n{i}"), P[f"W_qkv{i}"].view(D, -1).T)
            qkv = qkv.view(BATCH, TOKENS, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
            c = f.scaled_dot_product_attention(*qkv, is_causal=True)
            u = u + f.linear(c.transpose(1, 2).flatten(2), P[f"W_o{i}"].T)
            a = f.linear(norm(u, f"m{i}"), P[f"W_1{i}"].T, P[f"b_1{i}"])
            u = u + f.linear(f.gelu(a, approximate="tanh"), P[f"W_2{i}"].T, P[f"b_2{i}"])
        logits = f.linear(norm(u, "out"), P["E"])
        loss = f.cross_entropy(logits.flatten(0, 1), y.flatten())
        return loss, dict(zip(P, torch.autograd.grad(loss, list(P.values())), strict=True))

    return {"PyTorch": step}


def others(loss: Callable[..., Any], params: Any, x: Any, y: Any) -> Calls:
    """The same loss with its gradients by JAX, compiled, and by HIPS autograd."""
    calls: Calls = {}
    if jax := peer("JAX"):
        compiled = jax.jit(jax.value_and_grad(lambda params: loss(jax.numpy, params, x, y)))
        on_jax = jax.tree.map(jax.numpy.asarray, params)
        calls["JAX"] = lambda: jax.block_until_ready(compiled(on_jax))
    if autograd := peer("HIPS autograd"):
        import autograd.numpy as anp

        calls["HIPS autograd"] = partial(
            autograd.value_and_grad(lambda params: loss(anp, params, x, y)), params
        )
    return calls
