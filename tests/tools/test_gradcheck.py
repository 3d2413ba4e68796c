import numpy as np
import pytest

from attn.tools.gradcheck import gradcheck, gradcheck_params

X, Y = np.random.default_rng(1).standard_normal((2, 3, 5))


def product(x, y):
    return np.sin(x) * y


def product_backward(g, x, y):
    return g * np.cos(x) * y, g * np.sin(x)


def test_right_gradients_pass():
    assert gradcheck(product, product_backward, (X, Y), np.random.default_rng(0)) < 1e-9


@pytest.mark.parametrize("wrong", [0, 1])
def test_a_gradient_off_by_one_percent_is_seen(wrong):
    def off(g, x, y):
        return tuple(
            d * (1.01 if i == wrong else 1) for i, d in enumerate(product_backward(g, x, y))
        )

    assert gradcheck(product, off, (X, Y), np.random.default_rng(0)) > 1e-4


def test_tuples_of_outputs_are_weighed_separately():
    def f(x):
        return x**2, np.exp(x)

    def f_backward(g, x):
        return 2 * x * g[0] + np.exp(x) * g[1]

    assert gradcheck(f, f_backward, (X,), np.random.default_rng(0)) < 1e-9
    swapped = gradcheck(f, lambda g, x: f_backward(g[::-1], x), (X,), np.random.default_rng(0))
    assert swapped > 1e-3


def test_masks_indices_and_none_are_left_alone():
    def f(x, mask, rows, nothing):
        assert nothing is None
        return (x * mask)[rows]

    def f_backward(g, x, mask, rows, nothing):
        dx = np.zeros_like(x)
        np.add.at(dx, rows, g)
        return dx * mask

    args = (X, Y > 0, np.array([2, 0, 2]), None)
    assert gradcheck(f, f_backward, args, np.random.default_rng(0)) < 1e-9


def test_a_constant_has_no_error():
    error = gradcheck(
        lambda x: np.zeros(2), lambda g, x: np.zeros_like(x), (X,), np.random.default_rng(0)
    )
    assert error == 0


def test_missing_gradients_wrong_shapes_and_float32_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"gradients: expected the shapes"):
        gradcheck(product, lambda g, x, y: g, (X, Y), rng)
    with pytest.raises(ValueError, match=r"gradients: expected the shapes"):
        gradcheck(np.sin, lambda g, x: g.T, (X,), rng)
    with pytest.raises(ValueError, match="expected float64 arrays, got float32"):
        gradcheck(np.sin, lambda g, x: g, (X.astype(np.float32),), rng)


def quartic(params, batch):
    a, b = params["a"], params["b"]
    loss = float(np.sum(a**4) + batch * np.sum(b**2) / 2)
    return loss, {"a": 4 * a**3, "b": batch * b}


def test_each_parameter_gets_its_own_error():
    params = {"a": X, "b": Y}
    errors = gradcheck_params(quartic, params, 3.0, np.random.default_rng(0))
    assert errors.keys() == params.keys()
    assert max(errors.values()) < 1e-8

    def wrong(params, batch):
        loss, grads = quartic(params, batch)
        return loss, {**grads, "b": 1.01 * grads["b"]}

    errors = gradcheck_params(wrong, params, 3.0, np.random.default_rng(0))
    assert errors["a"] < 1e-8 < 1e-3 < errors["b"]


def test_parameters_without_a_gradient_are_refused():
    with pytest.raises(ValueError, match=r"grads: expected the keys \['a', 'b'\], got \['a'\]"):
        gradcheck_params(
            lambda p, batch: (0.0, {"a": X}), {"a": X, "b": Y}, None, np.random.default_rng(0)
        )
