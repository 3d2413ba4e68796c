import numpy as np
import pytest

from attn.models.memnn import (
    find,
    guess,
    init,
    loss_and_grads,
    loss_and_grads_answers,
    one_rival,
    rank_facts,
    rank_words,
    respond,
)
from attn.tools.gradcheck import gradcheck_params

WORDS, D, MARGIN = 9, 5, 0.1
NOW = -1


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, dtype=np.float64):
    return init(rng, WORDS, D, sd=0.5, dtype=dtype)


def stories(rng, empty=0):
    """Three stories of 5, 3 and 2 facts, with so many empty slots more."""
    x, q = rng.integers(1, WORDS, (3, 5, 4)), rng.integers(1, WORDS, (3, 3))
    x[1, 3:], x[2, 2:], x[0, 1, 2:], q[2, 2:] = 0, 0, 0, 0
    y, support = rng.integers(1, WORDS, 3), np.array([[4, 1], [0, 2], [1, 0]])
    return np.pad(x, ((0, 0), (0, empty), (0, 0))), q, y, support


def phi(sentences, part):
    """A bag of words in part 0 (asked), 1 (found) or 2 (to be found) of 3 |W| features."""
    features = np.zeros((3, WORDS))
    for words in sentences:
        for w in words:
            if w:
                features[part, w] += 1
    return features.reshape(-1)


def s_Ot(p, q, found, y, z, x):
    """The score of the paper for slots y and z of a story x; slot 0 was told last."""
    U = p["U_O"].reshape(-1, D)
    known = found[-1] if found else NOW
    time = [float(known > y), float(known > z), float(y > z)]
    query = (phi([q], 0) + phi([x[f] for f in found], 1)) @ U
    return query @ ((phi([x[y]], 2) - phi([x[z]], 2)) @ U + np.array(time) @ p["U_t"])


def s_R(p, q, facts, w):
    U = p["U_R"].reshape(-1, D)
    return ((phi([q], 0) + phi(facts, 1)) @ U) @ U[2 * WORDS + w]


def told(x):
    return [i for i in range(len(x)) if x[i].any()]


def expected_loss(p, x, q, y, support, rivals=None):
    loss = 0.0
    for b in range(len(x)):
        for h, f in enumerate(support[b]):
            for other in told(x[b]):
                if other == f or (rivals is not None and not rivals[b, h, other]):
                    continue
                found = list(support[b, :h])
                loss += max(0, MARGIN - s_Ot(p, q[b], found, f, other, x[b]))
                loss += max(0, MARGIN + s_Ot(p, q[b], found, other, f, x[b]))
        facts = [x[b, f] for f in support[b]]
        right = s_R(p, q[b], facts, y[b])
        loss += sum(
            max(0, MARGIN - right + s_R(p, q[b], facts, w)) for w in range(WORDS) if w != y[b]
        )
    return loss / len(x)


def test_the_loss_is_the_papers_sum(rng):
    p, batch = parameters(rng), stories(rng, empty=1)
    assert loss_and_grads(p, (*batch, None))[0] == pytest.approx(expected_loss(p, *batch))


def test_a_rival_that_is_sampled_is_the_only_one_that_counts(rng):
    p, batch = parameters(rng), stories(rng, empty=1)
    rivals = one_rival(rng, batch[0], batch[3])
    assert (rivals.sum(axis=-1) == 1).all()
    expected = expected_loss(p, *batch, rivals)
    assert loss_and_grads(p, (*batch, rivals))[0] == pytest.approx(expected)


def test_sampled_rivals_give_the_whole_sum_in_the_mean(rng):
    p, (x, q, _, support) = parameters(rng), stories(rng)
    x, q, support = x[:1], q[:1], support[:1]  # one story of 5 facts: each has 4 rivals
    whole = rank_facts(p, x, q, support, None, MARGIN)[0]
    one_each = [
        rank_facts(p, x, q, support, np.broadcast_to(np.arange(5) == i, (1, 2, 5)), MARGIN)[0]
        for i in range(5)
    ]
    assert sum(one_each) == pytest.approx(whole)


def test_find_keeps_the_better_of_two_facts_in_the_order_they_were_told(rng):
    p = parameters(rng)
    for _ in range(10):
        x, q, _, _ = stories(rng, empty=1)
        o = find(p, x, q, 3)
        for b in range(3):
            found = []
            for h in range(3):
                best, *others = reversed(told(x[b]))
                for i in others:
                    best = i if s_Ot(p, q[b], found, best, i, x[b]) < 0 else best
                assert o[b, h] == best
                found.append(best)


def test_without_times_find_is_the_arg_max_of_the_scores(rng):
    p, (x, q, _, _) = parameters(rng), stories(rng, empty=1)
    p["U_t"] = 0 * p["U_t"]
    U = p["U_O"].reshape(-1, D)
    o = find(p, x, q, 2)
    for b in range(3):
        for h in range(2):
            query = (phi([q[b]], 0) + phi([x[b, f] for f in o[b, :h]], 1)) @ U
            scores = [query @ (phi([x[b, i]], 2) @ U) for i in told(x[b])]
            assert o[b, h] == np.argmax(scores)


def test_of_two_equal_facts_the_third_feature_of_time_decides(rng):
    p, (x, q, _, _) = parameters(rng), stories(rng)
    same = np.broadcast_to(x[:, :1], x.shape)
    for sign, slot in ((-1, 0), (1, 4)):  # prefer the newer, or the older
        U = p["U_O"].reshape(-1, D)
        wish = np.stack([sign * phi([words], 0) @ U for words in q])
        p["U_t"] = np.zeros((3, D))
        for b in range(3):
            p["U_t"][2] = wish[b]
            assert find(p, same[b : b + 1], q[b : b + 1], 1)[0, 0] == slot


def test_the_answer_is_the_papers_arg_max(rng):
    p, (x, q, _, support) = parameters(rng), stories(rng, empty=1)
    scores = respond(p, x, q, support)
    for b, w in np.ndindex(3, WORDS):
        assert scores[b, w] == pytest.approx(s_R(p, q[b], [x[b, f] for f in support[b]], w))


@pytest.mark.parametrize("sampled", [False, True])
def test_gradcheck_memnn(rng, sampled):
    p, batch = parameters(rng), stories(rng, empty=1)
    rivals = one_rival(rng, batch[0], batch[3]) if sampled else None
    errors = gradcheck_params(loss_and_grads, p, (*batch, rivals), rng)
    assert max(errors.values()) < 1e-7, errors


def test_gradcheck_memnn_at_one_fact_and_at_the_same_fact_twice(rng):
    p, (x, q, y, support) = parameters(rng), stories(rng)
    for told_, labels in ((x[:, :1], 0 * support), (x, np.ones_like(support))):
        errors = gradcheck_params(loss_and_grads, p, (told_, q, y, labels, None), rng)
        assert max(errors.values()) < 1e-7, errors


def test_memnn_argmax_not_differentiable(rng):
    p, batch = parameters(rng), (*stories(rng), None)
    loss, grads = loss_and_grads_answers(p, batch)
    assert not grads["U_O"].any()
    assert not grads["U_t"].any()
    assert grads["U_R"].any()
    errors = gradcheck_params(loss_and_grads_answers, p, batch, rng)
    assert max(errors.values()) < 1e-7  # flat in U_O and U_t, where it is not a step
    step = {**p, "U_O": p["U_O"] + rng.standard_normal(p["U_O"].shape)}
    assert loss_and_grads_answers(step, batch)[0] != loss  # far away another fact is picked
    _, taught = loss_and_grads(p, batch)
    assert taught["U_O"].any()


def test_pad_rows_change_nothing(rng):
    p = parameters(rng)
    batch, longer = (stories(np.random.default_rng(1), empty) for empty in (0, 3))
    (loss, grads), (loss_longer, grads_longer) = (
        loss_and_grads(p, (*b, None)) for b in (batch, longer)
    )
    assert loss == pytest.approx(loss_longer)
    for key, grad in grads.items():
        assert grads_longer[key] == pytest.approx(grad)
    assert np.array_equal(find(p, *batch[:2], 2), find(p, *longer[:2], 2))


def test_a_guess_shares_a_word_with_the_question_then_with_the_answer(rng):
    telling = np.arange(WORDS) >= 3  # words 1 and 2 are no reason
    x = np.array([[[3, 1, 4, 0], [5, 1, 4, 0], [6, 1, 7, 0], [5, 2, 3, 0], [0, 0, 0, 0]]])
    q, y = np.array([[1, 5]]), np.array([3])
    seen = set()
    for _ in range(50):
        support, rivals = guess(rng, x, q, y, telling)
        seen.add(tuple(support[0]))
        assert rivals[0, 0].tolist() == [True, False, True, False, True]
    # facts 1 and 3 name word 5; from either, facts 0 and 3 share 4, 5 or 3 and name the answer
    assert seen == {(1, 0), (1, 3), (3, 0), (3, 3)}


def test_float32_stays_float32(rng):
    p, batch = parameters(rng), (*stories(rng), None)
    p32 = {key: value.astype(np.float32) for key, value in p.items()}
    for f in (loss_and_grads, loss_and_grads_answers):
        (loss, grads), (loss32, grads32) = f(p, batch), f(p32, batch)
        assert {g.dtype for g in grads32.values()} == {np.dtype(np.float32)}
        assert loss32 == pytest.approx(loss, rel=1e-5)
        for key, grad in grads.items():
            assert grads32[key] == pytest.approx(grad, rel=1e-3, abs=1e-5), key


def test_inputs_are_not_written(rng):
    p, batch = parameters(rng), stories(rng)
    for array in (*p.values(), *batch):
        array.flags.writeable = False
    loss_and_grads(p, (*batch, None))
    loss_and_grads_answers(p, (*batch, None))


def test_bad_input_is_refused_by_name(rng):
    p, (x, q, y, support) = parameters(rng), stories(rng)
    with pytest.raises(ValueError, match="x: expected 0 to 8, got"):
        loss_and_grads(p, (x + WORDS, q, y, support, None))
    with pytest.raises(ValueError, match="support: expected 0 to 4, got"):
        loss_and_grads(p, (x, q, y, support + 5, None))
    with pytest.raises(ValueError, match="o: expected 0 to 4, got"):
        respond(p, x, q, support + 5)
    with pytest.raises(ValueError, match="y: expected 0 to 8, got"):
        rank_words(p, x, q, y + WORDS, support, MARGIN)
    with pytest.raises(ValueError, match="rivals: expected booleans"):
        loss_and_grads(p, (x, q, y, support, np.ones((3, 2, 5))))
