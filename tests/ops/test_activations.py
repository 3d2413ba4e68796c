import math

import numpy as np
import pytest

from attn.ops.activations import gelu, gelu_backward
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_gelu_is_the_formula_of_the_paper():
    for x in (-3.0, -0.5, 0.0, 0.1, 2.0):
        share = (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2
        y, Phi = gelu(np.array([x]))
        assert y[0] == pytest.approx(x * share, rel=1e-14, abs=1e-300)
        assert Phi[0] == pytest.approx(share, rel=1e-13)


def test_a_number_alone_will_do():
    x = np.array(0.7)
    y, Phi = gelu(x)
    assert y == gelu(x[None])[0][0]
    assert gelu_backward(np.array(2.0), x, Phi) == gelu_backward(
        np.full(1, 2.0), x[None], Phi[None]
    )


def test_the_share_is_close_to_the_normal_distribution():
    x = np.linspace(-6, 6, 1001)
    normal = [(1 + math.erf(t / math.sqrt(2))) / 2 for t in x]
    assert np.abs(gelu(x)[1] - normal).max() < 5e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_from_zero_all_or_nothing_is_let_through(dtype):
    x = np.array([-1e30, -50.0, 50.0, 1e30], dtype)
    with np.errstate(all="raise", under="ignore"):
        assert gelu(x)[0] == pytest.approx([0, 0, 50, 1e30])
    assert np.isnan(gelu(np.array([np.nan]))[0]).all()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 4.0])
def test_gradcheck_gelu(rng, scale):
    x = scale * rng.standard_normal((3, 5))
    error = gradcheck(
        lambda x: gelu(x)[0], lambda dy, x: gelu_backward(dy, x, gelu(x)[1]), (x,), rng
    )
    assert error < 1e-7


def test_inputs_are_not_written(rng):
    x = rng.standard_normal((3, 5))
    x.flags.writeable = False
    y, Phi = gelu(x)
    Phi.flags.writeable = False
    gelu_backward(y, x, Phi)


def test_whole_numbers_are_refused():
    with pytest.raises(ValueError, match="x: expected an array of floats, got int64"):
        gelu(np.arange(3))
