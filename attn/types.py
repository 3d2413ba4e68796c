"""Names for what flows through the package."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""Real numbers, float32 or float64, laid out (..., length, features)."""

Mask: TypeAlias = NDArray[np.bool_]
"""Booleans that broadcast to (..., n, m): True = query i may attend to key j."""

Indices: TypeAlias = NDArray[np.integer[Any]]
"""Whole numbers: token ids, lengths, positions."""

Params: TypeAlias = Mapping[str, Array]
"""Parameters, or their gradients, by symbol."""

Grads: TypeAlias = dict[str, Array]
"""The same, just made: who gets them may change them."""
