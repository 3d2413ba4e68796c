import math

import numpy as np
import pytest

from attn.ops.bits import (
    bit_cross_entropy,
    bit_cross_entropy_backward,
    softplus,
    softplus_backward,
)
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def bits_like(rng, logits):
    return rng.integers(2, size=logits.shape).astype(logits.dtype)


def test_softplus_is_the_logarithm_of_one_more_than_exp():
    x = np.array([-3.0, -1e-3, 0.0, 0.5, 9.0])
    assert softplus(x) == pytest.approx([math.log(1 + math.exp(value)) for value in x])


def test_softplus_neither_overflows_nor_vanishes_too_soon():
    x = np.array([-np.inf, -100.0, 1000.0, np.inf])
    assert softplus(x).tolist() == [0, math.exp(-100), 1000, np.inf]
    assert softplus_backward(np.ones(4), x) == pytest.approx([0, math.exp(-100), 1, 1], abs=1e-40)


def test_bit_cross_entropy_is_the_mean_surprise_of_the_kept_bits(rng):
    logits, mask = rng.standard_normal((3, 5)), rng.random((3, 5)) < 0.5
    bits, surprise = bits_like(rng, logits), []
    for i in zip(*np.nonzero(mask), strict=True):
        p = 1 / (1 + math.exp(-logits[i]))
        surprise.append(-bits[i] * math.log(p) - (1 - bits[i]) * math.log(1 - p))
    assert bit_cross_entropy(logits, bits, mask) == pytest.approx(np.mean(surprise))


def test_a_sure_and_wrong_bit_costs_its_logit():
    logits, bits = np.array([1e4, -1e4, 1e4]), np.array([0.0, 1.0, 1.0])
    assert bit_cross_entropy(logits, bits) == pytest.approx(2e4 / 3)
    assert bit_cross_entropy_backward(3.0, logits, bits).tolist() == [1, -1, 0]


@pytest.mark.parametrize("logit", [5.0, 15.0, 60.0])
def test_a_sure_and_right_bit_costs_what_is_left_of_doubt(logit):
    logits = np.array([logit, -logit], np.float32)
    for one in (logits[:1], np.array([1.0])), (logits[1:], np.array([0.0])):
        assert bit_cross_entropy(*one) == pytest.approx(math.exp(-logit), rel=1e-2)


def test_no_kept_bits_cost_nothing(rng):
    logits, nothing = rng.standard_normal((2, 3)), np.zeros((2, 1), bool)
    assert bit_cross_entropy(logits, bits_like(rng, logits), nothing) == 0
    assert not bit_cross_entropy_backward(1.0, logits, bits_like(rng, logits), nothing).any()


@pytest.mark.parametrize("masked", [True, False])
def test_gradcheck_bit_cross_entropy(rng, masked):
    logits = rng.standard_normal((2, 3, 5))
    bits, mask = bits_like(rng, logits), rng.random((2, 3, 1)) < 0.5 if masked else None
    error = gradcheck(
        lambda logits: np.array(bit_cross_entropy(logits, bits, mask)),
        lambda g, logits: bit_cross_entropy_backward(g, logits, bits, mask),
        (logits,),
        rng,
    )
    assert error < 1e-7


def test_gradcheck_softplus(rng):
    assert gradcheck(softplus, softplus_backward, (3 * rng.standard_normal((5, 7)),), rng) < 1e-7


def test_bits_that_do_not_fit_are_refused():
    logits = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"bits: expected .* got \(2, 4\)"):
        bit_cross_entropy(logits, np.zeros((2, 4)))
    with pytest.raises(ValueError, match="bits: expected an array of floats, got int64"):
        bit_cross_entropy(logits, np.zeros((2, 3), int))
    with pytest.raises(ValueError, match="mask: expected booleans"):
        bit_cross_entropy(logits, logits, np.ones((2, 3)))
