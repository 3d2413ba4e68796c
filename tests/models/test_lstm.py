import math

import numpy as np
import pytest

from attn.models.lstm import answer, init, loss_and_grads
from attn.ops.recurrent import lstm
from attn.tools.gradcheck import gradcheck_params

INPUTS, OUTPUTS, HIDDEN, T = 3, 4, 5, 6
LAYERS = pytest.mark.parametrize("layers", [1, 3])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, layers=1):
    p = init(rng, INPUTS, OUTPUTS, HIDDEN, layers, np.float64)
    return {key: value + 0.3 * rng.standard_normal(value.shape) for key, value in p.items()}


def padded_batch(rng, more=0):
    x, y = rng.standard_normal((2, T, INPUTS)), rng.integers(2, size=(2, T, OUTPUTS)) * 1.0
    mask, pad = rng.random((2, T)) < 0.5, ((0, 0), (0, more), (0, 0))
    return np.pad(x, pad), np.pad(y, pad), np.pad(mask, pad[:2])


@LAYERS
def test_the_loss_is_that_of_cell_after_cell(rng, layers):
    p, (x, y, mask) = parameters(rng, layers), padded_batch(rng)
    surprise = []
    for k in range(2):
        h, c = p["h_0"].copy(), p["c_0"].copy()
        for t in range(T):
            below = x[k, t]
            for l in range(layers):
                cell = {"W": p[f"W_{l}"], "U": p["U"][l], "b": p["b"][l]}
                h[l], c[l] = lstm(below, h[l], c[l], cell)
                below = h[l]
            for logit, bit in zip(below @ p["W_y"] + p["b_y"], y[k, t], strict=True):
                q = 1 / (1 + math.exp(-logit))
                surprise += [-math.log(q if bit else 1 - q)] if mask[k, t] else []
    assert loss_and_grads(p, (x, y, mask))[0] == pytest.approx(np.mean(surprise), rel=1e-12)


@LAYERS
def test_gradcheck_lstm_layers(rng, layers):
    p = parameters(rng, layers)
    errors = gradcheck_params(loss_and_grads, p, padded_batch(rng), rng)
    assert max(errors.values()) < 1e-7, errors


def test_pad_rows_change_nothing(rng):
    p = parameters(rng, 2)
    batch, longer = (padded_batch(np.random.default_rng(1), more) for more in (0, 3))
    (loss, grads), (loss_longer, grads_longer) = loss_and_grads(p, batch), loss_and_grads(p, longer)
    assert loss == pytest.approx(loss_longer, rel=1e-12)
    for key, grad in grads.items():
        np.testing.assert_allclose(grad, grads_longer[key], rtol=1e-9, atol=1e-12, err_msg=key)


def test_a_batch_answers_each_sequence_as_if_alone(rng):
    p, (x, _, _) = parameters(rng, 2), padded_batch(rng)
    for k in range(2):
        np.testing.assert_allclose(answer(p, x[k : k + 1])[0], answer(p, x)[k], rtol=1e-9)


def test_forget_gates_begin_open(rng):
    b = init(rng, INPUTS, OUTPUTS, HIDDEN, 2)["b"]
    assert b.reshape(2, 4, HIDDEN).mean(axis=2).tolist() == [[0, 1, 0, 0]] * 2


def test_inputs_are_not_written(rng):
    p, batch = parameters(rng, 2), padded_batch(rng)
    for array in (*p.values(), *batch):
        array.flags.writeable = False
    loss_and_grads(p, batch)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y, mask: (x[..., 1:], y, mask), r"x: .* with i = 3, got \(2, 6, 2\)"),
        (lambda x, y, mask: (x, y[..., 1:], mask), r"y: .* with o = 4, got \(2, 6, 3\)"),
        (lambda x, y, mask: (x, y, mask.astype(float)), "mask: expected booleans"),
    ],
)
def test_batches_that_do_not_fit_are_refused_by_name(rng, change, message):
    with pytest.raises(ValueError, match=message):
        loss_and_grads(parameters(rng), change(*padded_batch(rng)))
