import math
from functools import partial

import numpy as np
import pytest

from attn.mechanisms.luong import location_attention
from attn.models.luong import (
    alignments,
    attend,
    decode,
    init,
    looks,
    loss_and_grads,
    step,
    translate,
)
from attn.models.seq2seq import before, encode, summary
from attn.tools.gradcheck import gradcheck_params
from tests.models.sentences import LENGTHS_X, WORDS_X, WORDS_Y, alone, cell, padded_batch, sigma

M, N, A = 3, 5, 7
LOOKS = looks(N, align=A, longest=8, D=2)
ALL = pytest.mark.parametrize("name", LOOKS)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, name, dtype=np.float64):
    params = init(rng, WORDS_X, WORDS_Y, LOOKS[name], embed=M, hidden=N, dtype=dtype)
    noise = {k: 0.3 * rng.standard_normal(v.shape) for k, v in params.items()}
    return {k: (v + noise[k]).astype(dtype) for k, v in params.items()}


SCORES = {
    "dot": lambda p, s, h_j, j: s @ h_j,
    "general": lambda p, s, h_j, j: s @ p["W_a"] @ h_j,
    "concat": lambda p, s, h_j, j: p["v_a"] @ np.tanh(np.concatenate([s, h_j]) @ p["W_a"]),
    "location": lambda p, s, h_j, j: s @ p["W_a"][:, j],
    "local": lambda p, s, h_j, j: s @ p["W_a"] @ h_j,
}


def weigh(p, name, s, h):
    """The weights of one step, as the paper writes them."""
    e = [SCORES[name](p, s, h_j, j) for j, h_j in enumerate(h)]
    if name != "local":
        return np.array([math.exp(e_j) / sum(math.exp(e_k) for e_k in e) for e_j in e])
    place = len(h) * sigma(p["v_p"] @ np.tanh(s @ p["W_p"]))
    near = [j for j in range(len(h)) if abs(j - place) <= 2]
    total = sum(math.exp(e[j]) for j in near)
    bell = [math.exp(-((j - place) ** 2) / (2 * 1.0**2)) for j in range(len(h))]  # σ = D/2 = 1
    return np.array([math.exp(e[j]) / total * bell[j] if j in near else 0 for j in range(len(h))])


def oracle(p, name, x, y, previous_state=False, feed=True):
    """One sentence, as the paper's equations, in plain loops: log-likelihoods and maps."""
    forward, backward = [np.zeros(N)], [np.zeros(N)]
    for i, states, words in ((0, forward, x), (1, backward, x[::-1])):
        for w in words:
            a = p["E_x"][w] @ p["W_x"][i] + p["b_x"][i]
            states.append(cell(a, states[-1], p["U_x"][i], p["U_xh"][i]))
    h = [np.concatenate(pair) for pair in zip(forward[1:], backward[:0:-1], strict=True)]
    s, out = np.concatenate([forward[-1], backward[-1]]), np.zeros(2 * N)
    previous, logs, maps = 0, [], []
    for w in y:
        a = p["E_y"][previous] @ p["W_y"] + feed * out @ p["F_y"] + p["b_y"]
        asks = s
        s = cell(a, s, p["U_y"], p["U_yh"])
        alpha = weigh(p, name, asks if previous_state else s, h)
        c = sum(alpha_j * h_j for alpha_j, h_j in zip(alpha, h, strict=True))
        out = np.tanh(np.concatenate([c, s]) @ p["W_c"])
        logits = out @ p["W_o"] + p["b_o"]
        logs.append(logits[w] - math.log(sum(math.exp(l) for l in logits)))
        maps.append(alpha)
        previous = w
    return logs, np.array(maps)


def expected_loss(p, name, batch, **how):
    sentences = [alone(batch, k) for k in range(len(batch[0]))]
    logs = [log for x, _, y, _ in sentences for log in oracle(p, name, x[0], y[0], **how)[0]]
    return -sum(logs) / len(logs)


@ALL
def test_the_loss_is_the_papers_sum(rng, name):
    p, batch = parameters(rng, name), padded_batch(rng)
    loss = loss_and_grads(p, batch, LOOKS[name])[0]
    assert loss == pytest.approx(expected_loss(p, name, batch), rel=1e-12)


@ALL
def test_current_state_used_for_luong(rng, name):
    p, batch = parameters(rng, name), padded_batch(rng)
    x, _, y, _ = alone(batch, 0)
    alpha = alignments(p, alone(batch, 0), LOOKS[name])[0]
    np.testing.assert_allclose(alpha, oracle(p, name, x[0], y[0])[1], rtol=1e-12)
    assert np.abs(alpha - oracle(p, name, x[0], y[0], previous_state=True)[1]).max() > 1e-3


@ALL
def test_what_was_seen_is_fed_to_the_next_step(rng, name):
    p, batch = parameters(rng, name), padded_batch(rng)
    loss = loss_and_grads(p, batch, LOOKS[name])[0]
    assert abs(loss - expected_loss(p, name, batch, feed=False)) > 1e-3
    unfed = {**p, "F_y": 0 * p["F_y"]}
    assert loss_and_grads(unfed, batch, LOOKS[name])[0] == pytest.approx(
        expected_loss(p, name, batch, feed=False), rel=1e-12
    )


def test_location_score_ignores_keys(rng):
    p, (x, x_mask, _, _) = parameters(rng, "location"), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    s = rng.standard_normal((3, 2 * N))
    _, alpha = attend(p, LOOKS["location"], s, h, x_mask)
    _, alpha_other = attend(p, LOOKS["location"], s, rng.standard_normal(h.shape), x_mask)
    np.testing.assert_array_equal(alpha_other, alpha)
    whole = location_attention(s[:, None], h, h, p["W_a"], x_mask[:, None])[1]
    np.testing.assert_array_equal(alpha, whole[:, 0])


def test_a_source_longer_than_the_places_is_refused(rng):
    p = parameters(rng, "location")
    x = np.ones((1, 9), int)
    with pytest.raises(ValueError, match="k: expected at most 8 keys, the places of W_a, got 9"):
        translate(p, x, np.ones((1, 9), bool), 3, LOOKS["location"])


def test_uniform_when_va_is_zero(rng):
    p, batch = parameters(rng, "concat"), padded_batch(rng)
    alpha = alignments({**p, "v_a": np.zeros(A)}, batch, LOOKS["concat"])
    for k, length in enumerate(LENGTHS_X):
        np.testing.assert_allclose(alpha[k, :, :length], 1 / length, rtol=1e-12)
        assert not alpha[k, :, length:].any()
    assert not init(rng, WORDS_X, WORDS_Y, LOOKS["concat"], hidden=N)["v_a"].any()


@pytest.mark.parametrize("name", ["dot", "general", "concat"])
def test_encoder_state_order_equivariance(rng, name):
    p, (x, x_mask, _, _) = parameters(rng, name), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    s, order = rng.standard_normal((3, 2 * N)), rng.permutation(h.shape[1])
    c, alpha = attend(p, LOOKS[name], s, h, x_mask)
    c_moved, alpha_moved = attend(p, LOOKS[name], s, h[:, order], x_mask[:, order])
    np.testing.assert_allclose(c_moved, c, rtol=1e-12)
    np.testing.assert_allclose(alpha_moved, alpha[:, order], rtol=1e-12)


@pytest.mark.parametrize("name", ["dot", "general", "concat", "location"])
def test_reduces_to_encdec_when_context_fixed(rng, name):
    p, (x, x_mask, y, _) = parameters(rng, name), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    c = summary(h)
    trace = decode(p, LOOKS[name], c[:, None], np.ones((3, 1), bool), before(y))[1]
    assert (trace.alpha == 1).all()  # a memory of one vector: every c_i is c
    np.testing.assert_array_equal(trace.c, np.broadcast_to(c, trace.c.shape))


@ALL
@pytest.mark.parametrize("longest", [None, 1])
def test_gradcheck_luong_with_padding(rng, name, longest):
    batch = padded_batch(rng)
    if longest:
        batch = tuple(part[:, :longest] for part in batch)
    f = partial(loss_and_grads, look=LOOKS[name])
    errors = gradcheck_params(f, parameters(rng, name), batch, rng)
    assert max(errors.values()) < 1e-7, errors


@ALL
def test_a_source_of_padding_alone_has_finite_and_right_gradients(rng, name):
    p, (x, x_mask, y, y_mask) = parameters(rng, name), padded_batch(rng)
    batch = x, x_mask & (np.arange(3) != 1)[:, None], y, y_mask
    f = partial(loss_and_grads, look=LOOKS[name])
    assert np.isfinite(f(p, batch)[0])
    assert max(gradcheck_params(f, p, batch, rng).values()) < 1e-7


@ALL
def test_pad_rows_change_nothing(rng, name):
    p = parameters(rng, name)
    batch = padded_batch(np.random.default_rng(1))
    longer = padded_batch(np.random.default_rng(1), more=3)
    (loss, grads), (loss_longer, grads_longer) = (
        loss_and_grads(p, b, LOOKS[name]) for b in (batch, longer)
    )
    assert loss == pytest.approx(loss_longer, rel=1e-12)
    for key, grad in grads.items():
        np.testing.assert_allclose(grad, grads_longer[key], rtol=1e-9, atol=1e-12, err_msg=key)


@ALL
def test_masks_may_leave_out_the_batch(rng, name):
    p, (x, _, y, _) = parameters(rng, name), padded_batch(rng)
    x_mask, y_mask = np.arange(x.shape[1]) < 3, np.arange(y.shape[1]) < 4
    written_out = x, np.tile(x_mask, (3, 1)), y, np.tile(y_mask, (3, 1))
    (loss, grads), (same, same_grads) = (
        loss_and_grads(p, batch, LOOKS[name]) for batch in (written_out, (x, x_mask, y, y_mask))
    )
    assert loss == same
    for key, grad in grads.items():
        np.testing.assert_array_equal(grad, same_grads[key], err_msg=key)


@ALL
def test_future_token_cannot_leak(rng, name):
    p, (x, x_mask, y, _) = parameters(rng, name), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    changed = y.copy()
    changed[:, 3:] = (changed[:, 3:] + 1) % WORDS_Y
    out, out_changed = (decode(p, LOOKS[name], h, x_mask, before(t))[0] for t in (y, changed))
    np.testing.assert_array_equal(out[:4], out_changed[:4])
    assert (out[4:] != out_changed[4:]).any()


@ALL
@pytest.mark.parametrize("k", [0, 1, 2])
def test_a_batch_translates_each_sentence_as_if_alone(rng, name, k):
    batch = padded_batch(rng)
    p = parameters(rng, name)
    words = translate(p, *batch[:2], 9, LOOKS[name])
    words_alone = translate(p, *alone(batch, k)[:2], 9, LOOKS[name])
    np.testing.assert_array_equal(words[k : k + 1], words_alone)
    alpha, alpha_alone = (alignments(p, b, LOOKS[name]) for b in (batch, alone(batch, k)))
    seen = alpha[k, : alpha_alone.shape[1], batch[1][k]].T
    np.testing.assert_allclose(seen, alpha_alone[0], rtol=1e-9)


@ALL
def test_greedy_search_writes_the_likeliest_word_each_time(rng, name):
    p = parameters(rng, name)
    x, x_mask = alone(padded_batch(rng), 0)[:2]
    words = translate(p, x, x_mask, 5, LOOKS[name])[0]
    for i in range(5 if words.all() else np.flatnonzero(words == 0)[0] + 1):
        likely = [oracle(p, name, x[0], [*words[:i], w])[0][-1] for w in range(WORDS_Y)]
        assert words[i] == np.argmax(likely)
    assert not words[i + 1 :].any()


@ALL
def test_float32_stays_float32(rng, name):
    p, batch = parameters(rng, name), padded_batch(rng)
    p32 = {key: value.astype(np.float32) for key, value in p.items()}
    (loss, grads), (loss32, grads32) = (loss_and_grads(q, batch, LOOKS[name]) for q in (p, p32))
    assert {g.dtype for g in grads32.values()} == {np.dtype(np.float32)}
    assert loss32 == pytest.approx(loss, rel=1e-5)
    for key, grad in grads.items():
        np.testing.assert_allclose(grads32[key], grad, rtol=1e-3, atol=1e-5, err_msg=key)


@ALL
def test_inputs_are_not_written(rng, name):
    p, batch = parameters(rng, name), padded_batch(rng)
    for array in (*p.values(), *batch):
        array.flags.writeable = False
    loss_and_grads(p, batch, LOOKS[name])


def test_words_outside_the_vocabulary_and_float_masks_are_refused(rng):
    p, (x, x_mask, y, y_mask) = parameters(rng, "dot"), padded_batch(rng)
    with pytest.raises(ValueError, match="x: expected 0 to 10, got"):
        loss_and_grads(p, (x + WORDS_X, x_mask, y, y_mask), LOOKS["dot"])
    with pytest.raises(ValueError, match="x_mask: expected booleans"):
        loss_and_grads(p, (x, x_mask.astype(float), y, y_mask), LOOKS["dot"])
    with pytest.raises(ValueError, match="y: expected 0 to 12, got"):
        loss_and_grads(p, (x, x_mask, y + WORDS_Y, y_mask), LOOKS["dot"])
    with pytest.raises(ValueError, match="longest: expected a whole number of at least 1"):
        translate(p, x, x_mask, 0, LOOKS["dot"])


def test_a_step_returns_the_state_it_asks_with(rng):
    p, (x, x_mask, _, _) = parameters(rng, "general"), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    a_y = rng.standard_normal((3, 6 * N))
    s_prev = summary(h)
    s, c, alpha, out, _ = step(p, LOOKS["general"], a_y, s_prev, 0 * s_prev, h, x_mask)
    for k in range(3):
        np.testing.assert_allclose(s[k], cell(a_y[k], s_prev[k], p["U_y"], p["U_yh"]), rtol=1e-12)
    c_asked, alpha_asked = attend(p, LOOKS["general"], s, h, x_mask)
    np.testing.assert_array_equal(c_asked, c)
    np.testing.assert_array_equal(alpha_asked, alpha)
    np.testing.assert_allclose(out, np.tanh(np.concatenate([c, s], axis=-1) @ p["W_c"]))
