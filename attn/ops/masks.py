"""Which query may attend to which key: True = may attend."""

import numpy as np

from attn.ops.checks import check_count, check_indices
from attn.types import Indices, Mask


def causal(n: int, m: int | None = None) -> Mask:
    """Let no position see what comes after it; the n queries are the last of the m positions.

    mask_ij = (j ≤ i + m − n),  m = n unless given

    Shapes: n (), m () | None -> mask (n, m)
    Raises: ValueError if n or m is not a whole number.
    Source: Vaswani et al. 2017, sec. 3.2.3.
    """
    m = n if m is None else m
    check_count("n", n)
    check_count("m", m)
    return np.tri(n, m, m - n, dtype=bool)


def padding(lengths: Indices, m: int) -> Mask:
    """Let no query see what was added behind a sequence to fill it up to m positions.

    mask_bij = (j < lengths_b)

    Shapes: lengths (...), m () -> mask (..., 1, m)
    Raises: ValueError if lengths are not whole numbers from 0 to m.
    Source: ours; every batch of sequences needs it.
    """
    check_count("m", m)
    check_indices("lengths", lengths, np.shape(lengths), m + 1)
    return np.arange(m) < lengths[..., None, None]


def window(n: int, width: int) -> Mask:
    """Let each position see its neighbors, up to `width` steps away on either side.

    mask_ij = (|i − j| ≤ width)

    Shapes: n (), width () -> mask (n, n)
    Raises: ValueError if n or width is not a whole number.
    Source: Luong et al. 2015, sec. 3.2: their window [p_t − D, p_t + D], with p_t = t.
    """
    check_count("n", n)
    check_count("width", width)
    i = np.arange(n)
    return np.abs(i[:, None] - i) <= width
