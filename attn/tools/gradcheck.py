"""Are the gradients right? One random direction tells."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from attn.types import Array, Params

Loss = Callable[[Params, Any], tuple[float, Mapping[str, Array]]]

STEP = 1e-5  # balances truncation (STEP²) against rounding (1e-16 / STEP) in float64
FLOOR = 1e-3  # two derivatives that are both nearly zero count as equal


def gradcheck(
    f: Callable[..., Any],
    f_backward: Callable[..., Any],
    args: Sequence[Any],
    rng: np.random.Generator,
) -> float:
    """Relative error of a hand-written backward pass along one random direction, in float64.

    ⟨g, J t⟩ = ⟨Jᵀ g, t⟩,  J t ≈ (f(x + εt) − f(x − εt)) / 2ε

    `f(*args)` returns one array or a tuple of arrays. `f_backward(g, *args)` gets g in the same
    form and returns one gradient, or a tuple of them, for the floating-point arrays in `args`, in
    their order. All else in `args` (None, masks, indices, numbers) is passed on as it is.

    Raises: ValueError if a gradient is missing, has another shape than its input, or if an input
        is not float64.
    Source: HIPS autograd, `autograd.test_util.check_vjp`, checks along one direction alike.
    """
    where = [i for i, x in enumerate(args) if _is_float(x)]
    t = {i: _direction(args[i], rng) for i in where}
    out = f(*args)
    g = tuple(rng.standard_normal(np.shape(o)) for o in _tuple(out))
    grads = _tuple(f_backward(g if isinstance(out, tuple) else g[0], *args))
    _check_grads([args[i] for i in where], grads)
    ahead, behind = (
        _tuple(f(*(x + s * t[i] if i in t else x for i, x in enumerate(args))))
        for s in (STEP, -STEP)
    )
    forward = sum(np.sum(g_ * (a - b)) for g_, a, b in zip(g, ahead, behind, strict=True))
    backward = sum(np.sum(dx * t[i]) for i, dx in zip(where, grads, strict=True))
    return _relative_error(float(forward) / (2 * STEP), float(backward))


def gradcheck_params(
    loss_and_grads: Loss, params: Params, batch: Any, rng: np.random.Generator
) -> dict[str, float]:
    """Relative error of the gradient of each parameter, along one random direction in each.

    (L(θ + εt) − L(θ − εt)) / 2ε ≈ ⟨∇L, t⟩

    Raises: ValueError if a gradient is missing, has another shape, or a parameter is not float64.
    """
    _, grads = loss_and_grads(params, batch)
    if grads.keys() != params.keys():
        raise ValueError(f"grads: expected the keys {sorted(params)}, got {sorted(grads)}")
    _check_grads(list(params.values()), [grads[key] for key in params])
    return {key: _error_of(key, loss_and_grads, params, batch, grads, rng) for key in params}


def _error_of(
    key: str,
    loss_and_grads: Loss,
    params: Params,
    batch: Any,
    grads: Mapping[str, Array],
    rng: np.random.Generator,
) -> float:
    t = _direction(params[key], rng)
    ahead, behind = (
        loss_and_grads({**params, key: params[key] + s * t}, batch)[0] for s in (STEP, -STEP)
    )
    return _relative_error((ahead - behind) / (2 * STEP), float(np.sum(grads[key] * t)))


def _relative_error(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), abs(b), FLOOR)


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.floating)


def _tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def _direction(x: Array, rng: np.random.Generator) -> Array:
    if x.dtype != np.float64:
        raise ValueError(f"args: expected float64 arrays, got {x.dtype}")
    return rng.standard_normal(x.shape)


def _check_grads(inputs: Sequence[Array], grads: Sequence[Array]) -> None:
    expected, got = [x.shape for x in inputs], [np.shape(dx) for dx in grads]
    if expected != got:
        raise ValueError(f"gradients: expected the shapes {expected}, got {got}")
