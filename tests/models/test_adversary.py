import math

import numpy as np
import pytest

from attn.models import seq2seq
from attn.models.adversary import (
    freeze,
    init,
    js,
    js_backward,
    loss_and_grads,
    replay,
    replay_backward,
)
from attn.ops.layers import linear
from attn.ops.softmax import log_softmax, softmax
from attn.tools.gradcheck import gradcheck, gradcheck_params
from attn.tools.train import finish, train

WORDS_X, WORDS_Y, N = 11, 13, 5
LENGTHS_X, LENGTHS_Y = np.array([4, 2, 1]), np.array([3, 6, 2])
COST = 3.0


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def params(rng):
    params = seq2seq.init(rng, WORDS_X, WORDS_Y, embed=3, hidden=N, align=7, dtype=np.float64)
    return {k: v + 0.3 * rng.standard_normal(v.shape) for k, v in params.items()}


@pytest.fixture
def batch(rng):
    x, y = rng.integers(1, WORDS_X, (3, 4)), rng.integers(1, WORDS_Y, (3, 6))
    return x, np.arange(4) < LENGTHS_X[:, None], y, np.arange(6) < LENGTHS_Y[:, None]


@pytest.fixture
def frozen(params, batch):
    return freeze(params, batch, seq2seq.alignments(params, batch), COST)


def logits_of(params, batch):
    x, x_mask, y, _ = batch
    h, _ = seq2seq.encode(params, x, x_mask)
    s_0 = seq2seq.first_state(params, h)
    out, _ = seq2seq.decode(params, s_0, h, x_mask, seq2seq.before(y))
    return linear(out, params["W_o"], params["b_o"])


def kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def test_its_own_weights_replay_its_own_words(params, batch, frozen):
    logits, _ = replay(frozen, frozen.alpha)
    np.testing.assert_allclose(logits, logits_of(params, batch), rtol=1e-9)
    np.testing.assert_allclose(frozen.log_p, log_softmax(logits), rtol=1e-9)


def test_uniform_weights_replay_a_translator_whose_va_is_zero(params, batch, frozen):
    uniform = batch[1][:, None] / LENGTHS_X[:, None, None] * np.ones((3, 6, 1))
    indifferent = {**params, "v_a": np.zeros(7)}
    np.testing.assert_allclose(replay(frozen, uniform)[0], logits_of(indifferent, batch), rtol=1e-9)


def test_js_is_the_sum_in_the_paper(rng):
    p, q = softmax(rng.standard_normal((2, 3, 6, 4)))
    p[0, 0], q[0, 0] = [0, 0.5, 0.5, 0], [0, 0, 0.5, 0.5]
    for b, i in np.ndindex(3, 6):
        m = (p[b, i] + q[b, i]) / 2
        assert js(p, q)[b, i] == pytest.approx((kl(p[b, i], m) + kl(q[b, i], m)) / 2)


def test_js_stays_finite_at_the_smallest_number():
    p, q = np.array([[[1.0, 1e-45]]], np.float32), np.array([[[1.0, 0.0]]], np.float32)
    assert abs(js(p, q)[0, 0]) < 1e-6
    assert np.isfinite(js_backward(np.ones((1, 1)), p, q)).all()


def test_masks_may_leave_out_the_batch(rng, params, batch):
    x, _, y, _ = batch
    x_mask, y_mask = np.arange(4) < 3, np.arange(6) < 4
    written_out = x, np.tile(x_mask, (3, 1)), y, np.tile(y_mask, (3, 1))
    alpha = seq2seq.alignments(params, written_out)
    (loss, grads), (same, same_grads) = (
        loss_and_grads(init(np.random.default_rng(1), frozen), frozen)
        for frozen in (
            freeze(params, b, alpha, COST) for b in (written_out, (x, x_mask, y, y_mask))
        )
    )
    assert loss == same
    np.testing.assert_array_equal(grads["e"], same_grads["e"])


def test_a_float_mask_is_refused(params, batch, frozen):
    x, x_mask, y, y_mask = batch
    with pytest.raises(ValueError, match="mask: expected booleans"):
        freeze(params, (x, x_mask, y, y_mask.astype(float)), frozen.alpha, COST)


def test_js_is_zero_for_equals_and_ln_2_for_strangers():
    p, q = np.array([[[1.0, 0.0]]]), np.array([[[0.0, 1.0]]])
    assert js(p, p) == 0
    assert js(p, q) == pytest.approx(math.log(2))


def test_the_loss_is_its_equation(rng, batch, frozen):
    params = init(rng, frozen)
    alpha = softmax(params["e"], batch[1][:, None])
    q = softmax(replay(frozen, alpha)[0])
    terms = [
        COST * kl(np.exp(frozen.log_p[i, b]), q[i, b]) - js(frozen.alpha, alpha)[b, i]
        for b in range(3)
        for i in range(LENGTHS_Y[b])
    ]
    assert loss_and_grads(params, frozen)[0] == pytest.approx(sum(terms) / LENGTHS_Y.sum())


def test_its_own_weights_cost_nothing_and_gain_nothing(batch, frozen):
    with np.errstate(divide="ignore"):
        loss, _ = loss_and_grads({"e": np.log(frozen.alpha)}, frozen)
    assert loss == pytest.approx(0, abs=1e-12)


def test_gradcheck_adversary_with_padding(rng, frozen):
    errors = gradcheck_params(loss_and_grads, init(rng, frozen), frozen, rng)
    assert errors["e"] < 1e-7


def test_gradcheck_replay(rng, frozen):
    def backward(dlogits, alpha):
        return replay_backward(dlogits, replay(frozen, alpha)[1], frozen)

    assert gradcheck(lambda alpha: replay(frozen, alpha)[0], backward, (frozen.alpha,), rng) < 1e-7


def test_gradcheck_js(rng):
    p, q = softmax(rng.standard_normal((2, 3, 6, 4)))
    assert gradcheck(lambda q: js(p, q), lambda djs, q: js_backward(djs, p, q), (q,), rng) < 1e-7


def test_padding_has_no_gradient(rng, batch, frozen):
    de = loss_and_grads(init(rng, frozen), frozen)[1]["e"]
    assert not de[~np.broadcast_to(batch[1][:, None], de.shape)].any()
    after_the_end = np.cumsum(batch[3][:, ::-1], axis=1)[:, ::-1] == 0
    assert not de[after_the_end].any()


def test_where_the_context_is_not_read_the_adversary_has_it_all(rng, params, batch):
    params["C_y"] *= 0
    params["W_o"][N : 3 * N] *= 0
    one = tuple(part[:1] for part in batch)
    frozen = freeze(params, one, seq2seq.alignments(params, one), 100.0)
    steps = train(init(rng, frozen), loss_and_grads, [frozen] * 150, [0.3] * 150)
    loss, _ = finish(steps)
    assert loss[-1] < -0.5 * math.log(2)


def test_float32_stays_float32(rng, params, batch):
    params = {k: v.astype(np.float32) for k, v in params.items()}
    frozen = freeze(params, batch, seq2seq.alignments(params, batch), COST)
    start = init(rng, frozen)
    assert start["e"].dtype == loss_and_grads(start, frozen)[1]["e"].dtype == np.float32
