"""Where bad input is refused: the message names the argument, what it should be, what it is."""

import math
import operator
import re
from functools import cache
from typing import Any

import numpy as np


def check_shapes(spec: str, *arrays: Any) -> None:
    """Refuse arrays that are not real numbers, or whose shapes do not fit together.

    `spec` is written like the docstrings' `Shapes:`, say "q (..., n, d), k (..., m, d)". Equal
    letters are equal lengths, "..." stands for the same leading axes in all arrays, "3n" for a
    product, "b + d" for a sum. The key axis, m, may not be empty.

    Raises: ValueError if an array is not of floats or its shape does not fit.
    """
    sizes: dict[str, Any] = {}
    for (name, axes, letters), x in zip(_parsed(spec), arrays, strict=True):
        check_floats(name, x)
        shape = _led(x.shape, len(letters)) if letters[:1] == ("...",) else x.shape
        if len(shape) != len(letters):
            raise ValueError(f"{name}: expected the shape ({axes}), got {x.shape}")
        for letter, size in zip(letters, shape, strict=True):
            known = _known(letter, size, sizes)
            if size != known:
                raise ValueError(
                    f"{name}: expected ({axes}) with {letter} = {known}, got {x.shape}"
                )
            if size == 0 and letter == "m":
                raise ValueError(f"{name}: expected ({axes}) with at least one key, got {x.shape}")


def check_floats(name: str, x: Any) -> None:
    """Refuse what is not an array of floats: integers would drop all fractions without a word.

    Raises: ValueError if x is no NumPy array of floats.
    """
    if not hasattr(x, "dtype") or x.dtype.kind != "f":
        raise ValueError(f"{name}: expected an array of floats, got {_kind(x)}")


def check_mask(mask: Any, shape: tuple[int, ...], name: str = "mask") -> None:
    """Refuse a mask that is not boolean, or does not broadcast to the shape of the scores.

    Raises: ValueError if the mask is of another type or shape; None is no mask, and fits.
    """
    if mask is None:
        return
    if not hasattr(mask, "dtype") or mask.dtype != bool:
        raise ValueError(f"{name}: expected booleans, True = may attend, got {_kind(mask)}")
    check_broadcast(name, mask, shape)


def check_broadcast(name: str, x: Any, shape: tuple[int, ...]) -> None:
    """Refuse an array that would not fit into the shape, or would stretch it.

    Raises: ValueError if x has more axes, or a length that is neither 1 nor the shape's.
    """
    pairs = zip(reversed(x.shape), reversed(shape), strict=False)
    if x.ndim > len(shape) or any(size not in (1, full) for size, full in pairs):
        raise ValueError(f"{name}: expected a shape that broadcasts to {shape}, got {x.shape}")


def full_mask(mask: Any, shape: tuple[int, ...], name: str = "mask") -> Any:
    """Give a mask its full shape, as a view not to be written to; no mask is True everywhere.

    Raises: ValueError as check_mask.
    """
    check_mask(mask, shape, name)
    return np.broadcast_to(np.True_ if mask is None else mask, shape)


def check_indices(
    name: str, x: Any, shape: tuple[int, ...], below: float = math.inf, where: Any = True
) -> None:
    """Refuse indices that are not whole numbers from 0 to below − 1, or of another shape.

    Raises: ValueError if the type, the shape, or a value that `where` keeps does not fit.
    """
    if not hasattr(x, "dtype") or x.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected an array of integers, got {_kind(x)}")
    if x.shape != shape:
        raise ValueError(f"{name}: expected the shape {shape}, got {x.shape}")
    kept = x[np.broadcast_to(where, x.shape)]
    if kept.size and (kept.min() < 0 or kept.max() >= below):
        expected = "0 or more" if below == math.inf else f"0 to {below - 1}"
        raise ValueError(f"{name}: expected {expected}, got {kept.min()} to {kept.max()}")


def check_count(name: str, x: Any, least: int = 0) -> None:
    """Refuse what is not a whole number of at least `least`.

    Raises: ValueError if x is no whole number or too small.
    """
    try:
        fits = not isinstance(x, bool) and operator.index(x) >= least
    except TypeError:  # 1.5, and arrays of it
        fits = False
    if not fits:
        raise ValueError(f"{name}: expected a whole number of at least {least}, got {x!r}")


@cache
def _parsed(spec: str) -> list[tuple[str, str, tuple[str, ...]]]:
    named = re.findall(r"(\w+) \((.*?)\)", spec)
    return [(name, axes, tuple(re.findall(r"[^,\s][^,]*", axes))) for name, axes in named]


def _led(shape: tuple[int, ...], axes: int) -> tuple[Any, ...]:
    # "..." takes what the other axes leave over, as one.
    lead = max(len(shape) - axes + 1, 0)
    return shape[:lead], *shape[lead:]


def _known(axis: str, size: Any, sizes: dict[str, Any]) -> Any:
    # A letter stands for the length that it had first; "3n" and "b + d" are made of known letters.
    if axis == "..." or axis.isalpha():
        return sizes.setdefault(axis, size)
    terms = re.findall(r"(\d*)([a-zA-Z]+)", axis)
    return sum(int(times or 1) * sizes[letter] for times, letter in terms)


def _kind(x: Any) -> str:
    return str(x.dtype) if hasattr(x, "dtype") else type(x).__name__
