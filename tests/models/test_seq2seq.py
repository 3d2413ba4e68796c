import math

import numpy as np
import pytest

from attn.mechanisms.attention import additive_attention
from attn.models import seq2seq
from attn.models.seq2seq import (
    alignments,
    attend,
    before,
    decode,
    decode_fixed,
    encode,
    first_state,
    init,
    init_fixed,
    loss_and_grads,
    loss_and_grads_fixed,
    read_out,
    summary,
    translate,
    translate_fixed,
)
from attn.tools.gradcheck import gradcheck_params
from tests.models.sentences import LENGTHS_X, WORDS_X, WORDS_Y, alone, cell, padded_batch

M, N, A = 3, 5, 7
BOTH = [(init, loss_and_grads), (init_fixed, loss_and_grads_fixed)]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, start=init, dtype=np.float64):
    sizes = {"embed": M, "hidden": N} | ({"align": A} if start is init else {})
    params = start(rng, WORDS_X, WORDS_Y, **sizes, dtype=dtype)
    noise = {k: 0.3 * rng.standard_normal(v.shape) for k, v in params.items()}  # biases, v_a too
    return {k: (v + noise[k]).astype(dtype) for k, v in params.items()}


def oracle(p, x, y, fixed_context=False, current_state=False):
    """One sentence, as the paper's equations, in plain loops: log-likelihoods and maps."""
    forward, backward = [np.zeros(N)], [np.zeros(N)]
    for i, states, words in ((0, forward, x), (1, backward, x[::-1])):
        for w in words:
            a = p["E_x"][w] @ p["W_x"][i] + p["b_x"][i]
            states.append(cell(a, states[-1], p["U_x"][i], p["U_xh"][i]))
    h = [np.concatenate(pair) for pair in zip(forward[1:], backward[:0:-1], strict=True)]
    s = np.tanh(backward[-1] @ p["W_s"] + p["b_s"])
    previous, logs, maps = 0, [], []
    for w in y:

        def look(state):
            e = [p["v_a"] @ np.tanh(state @ p["W_a"] + h_j @ p["U_a"]) for h_j in h]
            alpha = [math.exp(e_j) / sum(math.exp(e_k) for e_k in e) for e_j in e]
            return alpha, sum(alpha_j * h_j for alpha_j, h_j in zip(alpha, h, strict=True))

        def advance(c, s=s, previous=previous):
            a = p["E_y"][previous] @ p["W_y"] + c @ p["C_y"] + p["b_y"]
            return cell(a, s, p["U_y"], p["U_yh"])

        if fixed_context:
            c = np.concatenate([forward[-1], backward[-1]])
        else:
            alpha, c = look(s)
            if current_state:  # the mistake: the state after the word that is looked for
                alpha, c = look(advance(c))
            maps.append(alpha)
        s = advance(c)
        logits = np.concatenate([s, c, p["E_y"][previous]]) @ p["W_o"] + p["b_o"]
        logs.append(logits[w] - math.log(sum(math.exp(l) for l in logits)))
        previous = w
    return logs, np.array(maps)


def expected_loss(p, batch, **how):
    sentences = [alone(batch, k) for k in range(len(batch[0]))]
    logs = [log for x, _, y, _ in sentences for log in oracle(p, x[0], y[0], **how)[0]]
    return -sum(logs) / len(logs)


def test_the_loss_is_the_papers_sum(rng):
    p, batch = parameters(rng), padded_batch(rng)
    assert loss_and_grads(p, batch)[0] == pytest.approx(expected_loss(p, batch), rel=1e-12)


def test_the_loss_without_attention_is_the_papers_sum(rng):
    p, batch = parameters(rng, init_fixed), padded_batch(rng)
    expected = expected_loss(p, batch, fixed_context=True)
    assert loss_and_grads_fixed(p, batch)[0] == pytest.approx(expected, rel=1e-12)


def test_previous_state_used_for_bahdanau(rng):
    p, batch = parameters(rng), padded_batch(rng)
    x, _, y, _ = alone(batch, 0)
    alpha = alignments(p, alone(batch, 0))[0]
    np.testing.assert_allclose(alpha, oracle(p, x[0], y[0])[1], rtol=1e-12)
    assert np.abs(alpha - oracle(p, x[0], y[0], current_state=True)[1]).max() > 1e-3


def test_first_map_looks_from_the_first_state(rng):
    p, (x, x_mask, y, y_mask) = parameters(rng), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    _, alpha, _ = attend(p, h, h @ p["U_a"], x_mask, first_state(p, h))
    np.testing.assert_array_equal(alignments(p, (x, x_mask, y, y_mask))[:, 0], alpha)


def test_precomputed_Uh_matches(rng):
    p, (x, x_mask, _, _) = parameters(rng), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    s = rng.standard_normal((3, N))
    c, alpha, _ = attend(p, h, h @ p["U_a"], x_mask, s)
    whole = additive_attention(s[:, None], h, h, p["W_a"], p["U_a"], p["v_a"], x_mask[:, None])
    np.testing.assert_allclose(c, whole[0][:, 0], rtol=1e-12)
    np.testing.assert_allclose(alpha, whole[1][:, 0], rtol=1e-12)


def test_uniform_when_va_is_zero(rng):
    p, batch = {**parameters(rng), "v_a": np.zeros(A)}, padded_batch(rng)
    alpha = alignments(p, batch)
    for k, length in enumerate(LENGTHS_X):
        np.testing.assert_allclose(alpha[k, :, :length], 1 / length, rtol=1e-12)
        assert not alpha[k, :, length:].any()
    assert not init(rng, WORDS_X, WORDS_Y)["v_a"].any()


def test_reduces_to_encdec_when_context_fixed(rng):
    p, (x, x_mask, y, y_mask) = parameters(rng), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    s_0, c = first_state(p, h), summary(h)
    one_slot = c[:, None], np.ones((3, 1), bool)  # a memory of one vector: every c_i is c
    attended, trace = decode(p, s_0, *one_slot, before(y))
    fixed, _ = decode_fixed(p, s_0, c, before(y))
    np.testing.assert_allclose(attended, fixed, rtol=1e-12)
    assert (trace.alpha == 1).all()
    assert read_out(p, attended, y, y_mask)[0] == pytest.approx(
        expected_loss(p, (x, x_mask, y, y_mask), fixed_context=True), rel=1e-12
    )


@pytest.mark.parametrize(("start", "f"), BOTH)
@pytest.mark.parametrize("longest", [None, 1])
def test_gradcheck_seq2seq_with_padding(rng, start, f, longest):
    batch = padded_batch(rng)
    if longest:
        batch = tuple(part[:, :longest] for part in batch)
    errors = gradcheck_params(f, parameters(rng, start), batch, rng)
    assert max(errors.values()) < 1e-7, errors


@pytest.mark.parametrize(("start", "f"), BOTH)
def test_a_source_of_padding_alone_has_finite_and_right_gradients(rng, start, f):
    x, x_mask, y, y_mask = padded_batch(rng)
    x_mask = x_mask & (np.arange(3) != 1)[:, None]
    p = parameters(rng, start)
    assert np.isfinite(f(p, (x, x_mask, y, y_mask))[0])
    assert max(gradcheck_params(f, p, (x, x_mask, y, y_mask), rng).values()) < 1e-7


@pytest.mark.parametrize(("start", "f"), BOTH)
def test_pad_rows_change_nothing(rng, start, f):
    p = parameters(rng, start)
    batch = padded_batch(np.random.default_rng(1))
    longer = padded_batch(np.random.default_rng(1), more=3)
    (loss, grads), (loss_longer, grads_longer) = f(p, batch), f(p, longer)
    assert loss == pytest.approx(loss_longer, rel=1e-12)
    for key, grad in grads.items():
        np.testing.assert_allclose(grad, grads_longer[key], rtol=1e-9, atol=1e-12, err_msg=key)


@pytest.mark.parametrize(("start", "f"), BOTH)
def test_pad_value_irrelevant(rng, start, f):
    p, (x, x_mask, y, y_mask) = parameters(rng, start), padded_batch(rng)
    other = np.where(x_mask, x, 9), x_mask, np.where(y_mask, y, 8), y_mask
    (loss, grads), (loss_other, grads_other) = f(p, (x, x_mask, y, y_mask)), f(p, other)
    assert loss == loss_other
    for key, grad in grads.items():
        np.testing.assert_array_equal(grad, grads_other[key], err_msg=key)


def test_future_token_cannot_leak(rng):
    p, (x, x_mask, y, _) = parameters(rng), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    changed = y.copy()
    changed[:, 3:] = (changed[:, 3:] + 1) % WORDS_Y
    for run in (
        lambda y: decode(p, first_state(p, h), h, x_mask, before(y))[0],
        lambda y: decode_fixed(p, first_state(p, h), summary(h), before(y))[0],
    ):
        np.testing.assert_array_equal(run(y)[:4], run(changed)[:4])
        assert (run(y)[4:] != run(changed)[4:]).any()


def test_encoder_state_order_equivariance(rng):
    p, (x, x_mask, _, _) = parameters(rng), padded_batch(rng)
    h, _ = encode(p, x, x_mask)
    s, order = rng.standard_normal((3, N)), rng.permutation(h.shape[1])
    c, alpha, _ = attend(p, h, h @ p["U_a"], x_mask, s)
    c_moved, alpha_moved, _ = attend(p, h[:, order], (h @ p["U_a"])[:, order], x_mask[:, order], s)
    np.testing.assert_allclose(c_moved, c, rtol=1e-12)
    np.testing.assert_allclose(alpha_moved, alpha[:, order], rtol=1e-12)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_a_batch_translates_each_sentence_as_if_alone(rng, k):
    batch = padded_batch(rng)
    x, x_mask = batch[:2]
    one = alone(batch, k)[:2]
    p, q = parameters(rng), parameters(rng, init_fixed)
    np.testing.assert_array_equal(translate(p, x, x_mask, 9)[k : k + 1], translate(p, *one, 9))
    alpha, alpha_alone = alignments(p, batch), alignments(p, alone(batch, k))
    seen = alpha[k, : alpha_alone.shape[1], x_mask[k]].T
    np.testing.assert_allclose(seen, alpha_alone[0], rtol=1e-9)
    np.testing.assert_array_equal(
        translate_fixed(q, x, x_mask, 9)[k : k + 1], translate_fixed(q, *one, 9)
    )


@pytest.mark.parametrize("fixed", [False, True])
def test_greedy_search_writes_the_likeliest_word_each_time(rng, fixed):
    p = parameters(rng, init_fixed if fixed else init)
    x, x_mask = alone(padded_batch(rng), 0)[:2]
    words = (translate_fixed if fixed else translate)(p, x, x_mask, 6)[0]
    for i in range(6 if words.all() else np.flatnonzero(words == 0)[0] + 1):
        likely = [oracle(p, x[0], [*words[:i], w], fixed)[0][-1] for w in range(WORDS_Y)]
        assert words[i] == np.argmax(likely)


def test_nothing_is_written_after_the_end(rng):
    p = parameters(rng)
    x, x_mask = padded_batch(rng)[:2]
    p["W_o"] = 9 * p["W_o"]  # the last word decides: some sentences end, and would go on
    p["E_y"][0] -= 3
    words = np.concatenate([translate(p, (x + k) % WORDS_X, x_mask, 30) for k in range(9)])
    ends = [np.flatnonzero(row == 0) for row in words]
    assert any(0 < len(end) < 29 for end in ends)
    assert not any(row[end[0] :].any() for row, end in zip(words, ends, strict=True) if len(end))


@pytest.mark.parametrize(("start", "f"), BOTH)
def test_float32_stays_float32(rng, start, f):
    p, batch = parameters(rng, start), padded_batch(rng)
    p32 = {key: value.astype(np.float32) for key, value in p.items()}
    (loss, grads), (loss32, grads32) = f(p, batch), f(p32, batch)
    assert {g.dtype for g in grads32.values()} == {np.dtype(np.float32)}
    assert loss32 == pytest.approx(loss, rel=1e-5)
    for key, grad in grads.items():
        np.testing.assert_allclose(grads32[key], grad, rtol=1e-3, atol=1e-5, err_msg=key)


@pytest.mark.parametrize(("start", "f"), BOTH)
def test_inputs_are_not_written(rng, start, f):
    p, batch = parameters(rng, start), padded_batch(rng)
    for array in (*p.values(), *batch):
        array.flags.writeable = False
    f(p, batch)


def test_a_mask_of_places_is_that_of_every_sentence(rng):
    p, (x, x_mask, y, _) = parameters(rng), padded_batch(rng)
    square = slice(None), slice(0, 3)  # three sentences of three words: axes can be mixed up
    y, places = y[square], np.array([True, True, False])
    loss, _ = loss_and_grads(p, (x, x_mask, y, places))
    assert loss == loss_and_grads(p, (x, x_mask, y, np.tile(places, (3, 1))))[0]


def test_a_source_without_words_is_refused_and_a_target_without_words_shifts_to_none(rng):
    p, (x, x_mask, _, _) = parameters(rng), padded_batch(rng)
    with pytest.raises(ValueError, match=r"x\.shape\[1\]: expected a whole number of at least 1"):
        translate(p, x[:, :0], x_mask[:, :0], 5)
    assert before(x[:, :0]).shape == (len(x), 0)


def test_words_outside_the_vocabulary_and_float_masks_are_refused(rng):
    p, (x, x_mask, y, y_mask) = parameters(rng), padded_batch(rng)
    with pytest.raises(ValueError, match="x: expected 0 to 10, got"):
        loss_and_grads(p, (x + WORDS_X, x_mask, y, y_mask))
    with pytest.raises(ValueError, match="x_mask: expected booleans"):
        loss_and_grads(p, (x, x_mask.astype(float), y, y_mask))
    with pytest.raises(ValueError, match="y: expected 0 to 12, got"):
        loss_and_grads(p, (x, x_mask, np.where(y == 0, WORDS_Y, y), np.ones_like(y_mask)))
    with pytest.raises(ValueError, match="longest: expected a whole number of at least 1"):
        translate(p, x, x_mask, longest=0)


def test_equal_shapes_of_parameters_and_gradients(rng):
    for start, f in BOTH:
        p = parameters(rng, start)
        grads = f(p, padded_batch(rng))[1]
        assert {k: v.shape for k, v in grads.items()} == {k: v.shape for k, v in p.items()}
    assert set(init(rng, 5, 5)) - set(init_fixed(rng, 5, 5)) == {"W_a", "U_a", "v_a"}
    assert seq2seq.init(rng, 5, 5)["E_x"].dtype == np.float32
