import numpy as np
import pytest

from attn.models.blocks import POST, PRE, Positions
from attn.models.encoder_decoder import (
    alignments,
    decode,
    encode,
    init,
    loss_and_grads,
    translate,
)
from attn.models.transformer import CAUSAL, Design, say
from attn.ops.positions import rotary, rotary_backward
from attn.ops.softmax import cross_entropy
from attn.tools.gradcheck import gradcheck_params
from tests.models.sentences import WORDS_X, WORDS_Y, padded_batch

D, HEADS = 8, 2
PAPER = Design(CAUSAL.positions, POST)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, **kinds):
    drawn = init(rng, WORDS_X, WORDS_Y, D, HEADS, 2, 10, **kinds, dtype=np.float64)
    return {k: p + 0.1 * rng.standard_normal(p.shape) for k, p in drawn.items()}


def scores(p, batch, design=CAUSAL):
    x, x_mask, y, _ = batch
    memory, _ = encode(p, x, x_mask, design)
    return say(decode(p, y, memory, x_mask, design)[0], p["E_y"])


@pytest.mark.parametrize("residual", [PRE, POST])
@pytest.mark.parametrize("turned", [False, True])
def test_gradcheck_encoder_decoder_with_padding(rng, residual, turned):
    positions = Positions(turn=(rotary, rotary_backward))
    design = Design(positions if turned else CAUSAL.positions, residual)
    p = parameters(rng, last_norm=residual is PRE)
    errors = gradcheck_params(
        lambda p, batch: loss_and_grads(p, batch, design), p, padded_batch(rng), rng
    )
    assert max(errors.values()) < 1e-7, errors


def test_the_loss_is_the_mean_surprise_at_the_words(rng):
    p, batch = parameters(rng), padded_batch(rng)
    expected = cross_entropy(scores(p, batch), *batch[2:])
    assert loss_and_grads(p, batch)[0] == pytest.approx(expected, rel=1e-12)


def test_a_source_of_padding_alone_has_right_gradients(rng):
    x, x_mask, y, y_mask = padded_batch(rng)
    x_mask = x_mask & (np.arange(3) != 1)[:, None]
    errors = gradcheck_params(loss_and_grads, parameters(rng), (x, x_mask, y, y_mask), rng)
    assert max(errors.values()) < 1e-7, errors


def test_pad_rows_change_nothing(rng):
    p = parameters(rng)
    batch, longer = (padded_batch(np.random.default_rng(1), more) for more in (0, 3))
    (loss, grads), (loss_longer, grads_longer) = loss_and_grads(p, batch), loss_and_grads(p, longer)
    assert loss == pytest.approx(loss_longer, rel=1e-12)
    for key, grad in grads.items():
        np.testing.assert_allclose(grad, grads_longer[key], rtol=1e-9, atol=1e-12, err_msg=key)


def test_masks_may_leave_out_the_batch(rng):
    p, (x, _, y, _) = parameters(rng), padded_batch(rng)
    x, x_mask = x[:, :HEADS], np.array([True, False])  # as long as there are heads: not for them
    y_mask = np.arange(y.shape[1]) < 4
    written_out = x, np.tile(x_mask, (3, 1)), y, np.tile(y_mask, (3, 1))
    (loss, grads), (same, same_grads) = (
        loss_and_grads(p, batch) for batch in (written_out, (x, x_mask, y, y_mask))
    )
    assert loss == same
    for key, grad in grads.items():
        np.testing.assert_array_equal(grad, same_grads[key], err_msg=key)


def test_pad_value_irrelevant(rng):
    p, (x, x_mask, y, y_mask) = parameters(rng), padded_batch(rng)
    other = np.where(x_mask, x, 9), x_mask, np.where(y_mask, y, 8), y_mask
    (loss, grads), (same, same_grads) = (
        loss_and_grads(p, batch) for batch in ((x, x_mask, y, y_mask), other)
    )
    assert loss == pytest.approx(same, rel=1e-12)
    for key in set(grads) - {"E_x", "E_y"}:
        np.testing.assert_allclose(grads[key], same_grads[key], rtol=1e-9, atol=1e-12, err_msg=key)


def test_future_token_cannot_leak(rng):
    p, (x, x_mask, y, y_mask) = parameters(rng), padded_batch(rng)
    changed = y.copy()
    changed[:, 3:] = (y[:, 3:] + 1) % WORDS_Y
    before, after = (scores(p, (x, x_mask, z, y_mask)) for z in (y, changed))
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert (before[:, 4:] != after[:, 4:]).any()


def test_the_encoder_sees_all_of_the_source_and_no_padding(rng):
    p, (x, x_mask, _, _) = parameters(rng), padded_batch(rng)
    changed = x.copy()
    changed[:, -1] = (x[:, -1] + 1) % WORDS_X  # a word in the first row, padding in the others
    before, after = (encode(p, z, x_mask)[0] for z in (x, changed))
    assert (before[0] != after[0]).all()
    np.testing.assert_array_equal(before[1:, :1], after[1:, :1])


@pytest.mark.parametrize("design", [CAUSAL, PAPER])
def test_greedy_search_with_caches_writes_the_likeliest_word_each_time(rng, design):
    p, (x, x_mask, _, _) = parameters(rng), padded_batch(rng)
    p["E_y"] = 3 * p["E_y"]
    wrote = translate(p, x, x_mask, 7, design)
    for i in range(7):
        likely = scores(p, (x, x_mask, wrote, None), design)[:, i].argmax(axis=-1)
        open_rows = wrote[:, :i].all(axis=1)
        np.testing.assert_array_equal(wrote[open_rows, i], likely[open_rows])
        assert not wrote[~open_rows, i].any()


def test_alignments_are_those_of_the_decoder(rng):
    p, batch = parameters(rng), padded_batch(rng)
    alpha = alignments(p, batch)
    assert alpha.shape == (2, 3, HEADS, 6, 4)
    np.testing.assert_allclose(alpha.sum(axis=-1), 1)
    assert not alpha[..., ~batch[1][1]][:, 1].any()


def test_float32_stays_float32_and_inputs_are_not_written(rng):
    p, batch = parameters(rng), padded_batch(rng)
    p32 = {key: value.astype(np.float32) for key, value in p.items()}
    for array in (*p32.values(), *batch):
        array.flags.writeable = False
    (loss, grads), (loss32, grads32) = loss_and_grads(p, batch), loss_and_grads(p32, batch)
    assert {g.dtype for g in grads32.values()} == {np.dtype(np.float32)}
    assert loss32 == pytest.approx(loss, rel=1e-5)
    for key, grad in grads.items():
        np.testing.assert_allclose(grads32[key], grad, rtol=1e-3, atol=1e-5, err_msg=key)


def test_bad_input_is_refused_by_name(rng):
    p, (x, x_mask, y, y_mask) = parameters(rng), padded_batch(rng)
    for bad, message in (
        ((x + WORDS_X, x_mask, y, y_mask), "tokens: expected 0 to 10"),
        ((x, x_mask.astype(float), y, y_mask), "x_mask: expected booleans"),
        ((x, x_mask, y + WORDS_Y, y_mask), "y: expected 0 to 12"),
        ((x, x_mask, y, y_mask[:, 1:]), "y_mask: expected a shape"),
    ):
        with pytest.raises(ValueError, match=message):
            loss_and_grads(p, bad)
    with pytest.raises(ValueError, match="longest: expected a whole number of at least 1"):
        translate(p, x, x_mask, 0)
