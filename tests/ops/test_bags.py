import numpy as np
import pytest

from attn.ops.bags import (
    bag,
    centered_position_encoding,
    position_encoding,
    sentence,
    sentence_backward,
)
from attn.tools.gradcheck import gradcheck

X = np.array([[3, 1, 4, 1, 5], [2, 6, 0, 0, 0], [0, 0, 0, 0, 0]])  # the last one is empty
ENCODINGS = [bag, position_encoding, centered_position_encoding]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def weights(encoding, x, d):
    place, feature = encoding(x, d)
    return place @ feature


def test_memn2n_position_encoding_formula():
    d, l = 7, weights(position_encoding, X, 7)
    for i, J in enumerate([5, 2]):
        for j in range(1, J + 1):
            for k in range(1, d + 1):
                expected = (1 - j / J) - (k / d) * (1 - 2 * j / J)
                assert l[i, j - 1, k - 1] == pytest.approx(expected, abs=1e-15)


def test_the_code_in_circulation_has_another_formula():
    d, J, l = 7, 5, weights(centered_position_encoding, X, 7)
    for i, length in enumerate([5, 2]):  # J is the room for words, however many there are
        for j in range(1, length + 1):
            for k in range(1, d + 1):
                expected = 1 + 4 * (k - (d + 1) / 2) * (j - (J + 1) / 2) / (d * J)
                assert l[i, j - 1, k - 1] == pytest.approx(expected, abs=1e-15)
    assert np.abs(l - weights(position_encoding, X, d)).max() > 0.5


def test_in_a_full_sentence_the_two_differ_by_half_a_step_and_a_factor_of_two():
    d, J = 7, 5
    for j in range(1, J + 1):
        for k in range(1, d + 1):
            y, x = (j - 0.5) / J, (k - 0.5) / d
            twice = 2 * ((1 - y) - x * (1 - 2 * y))
            assert weights(centered_position_encoding, X, d)[0, j - 1, k - 1] == pytest.approx(
                twice
            )


def test_the_centered_weights_are_1_in_the_mean_over_places():
    l = weights(centered_position_encoding, X[:1], 4)
    assert l.mean(axis=-2) == pytest.approx(np.ones((1, 4)))


def test_room_for_more_words_changes_the_variant_and_not_the_paper():
    wider = np.pad(X, ((0, 0), (0, 3)))
    assert np.array_equal(
        weights(position_encoding, wider, 4)[:, :5], weights(position_encoding, X, 4)
    )
    variant = weights(centered_position_encoding, X, 4)
    assert np.abs(weights(centered_position_encoding, wider, 4)[0, :5] - variant[0]).max() > 0.1


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_sentence_is_the_sum_in_the_paper(rng, encoding):
    E = rng.standard_normal((2, 7, 4))
    m, _ = sentence(X, E, encoding)
    l = weights(encoding, X, 4)
    for t, i in np.ndindex(2, 3):
        expected = sum((l[i, j] * E[t, X[i, j]] for j in range(5) if X[i, j]), start=np.zeros(4))
        assert m[t, i] == pytest.approx(expected)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("x", [X, X[:1], X[2:], X[:, None], X[0]])
def test_gradcheck_sentence(rng, encoding, x):
    def f(E):
        return sentence(x, E, encoding)[0]

    def f_backward(dm, E):
        return sentence_backward(dm, sentence(x, E, encoding)[1], E)

    assert gradcheck(f, f_backward, [rng.standard_normal((2, 7, 4))], rng) < 1e-7


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_pad_value_irrelevant(rng, encoding):
    E = rng.standard_normal((1, 7, 4))
    other = np.where(np.arange(7)[:, None] == 0, 9.0, E)
    assert np.array_equal(sentence(X, E, encoding)[0], sentence(X, other, encoding)[0])


def test_an_empty_sentence_is_the_zero_vector(rng):
    for encoding in ENCODINGS:
        assert not sentence(X, rng.standard_normal((1, 7, 4)), encoding)[0][0, 2].any()


@pytest.mark.parametrize("dtype", [np.uint64, np.int8])
def test_any_whole_numbers_are_words(rng, dtype):
    E = rng.standard_normal((1, 7, 4))
    assert np.array_equal(sentence(X.astype(dtype), E)[0], sentence(X, E)[0])


def test_no_sentences_have_no_vectors(rng):
    E, none = rng.standard_normal((2, 7, 4)), np.zeros((0, 5), int)
    m, trace = sentence(none, E)
    assert m.shape == (2, 0, 4)
    assert not sentence_backward(m, trace, E).any()


def test_a_bag_forgets_the_order_and_position_encoding_does_not(rng):
    E, x = rng.standard_normal((1, 7, 4)), X[:1]
    assert sentence(x, E, bag)[0] == pytest.approx(sentence(x[:, ::-1], E, bag)[0])
    one, other = (sentence(part, E, position_encoding)[0] for part in (x, x[:, ::-1]))
    assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize(
    ("x", "E", "message"),
    [
        (X.astype(float), np.ones((1, 7, 4)), "x: expected an array of integers, got float64"),
        (X, np.ones((1, 5, 4)), "x: expected 0 to 4, got 0 to 6"),
        (-X, np.ones((1, 7, 4)), "x: expected 0 to 6, got -6 to 0"),
        (X, np.ones((7, 4)), r"E: expected the shape \(t, v, d\), got \(7, 4\)"),
        (X, np.ones((1, 7, 4), int), "E: expected an array of floats, got int64"),
    ],
)
def test_bad_input_is_refused_by_name(x, E, message):
    with pytest.raises(ValueError, match=message):
        sentence(x, E)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_width_that_is_no_number_is_refused(encoding):
    with pytest.raises(ValueError, match="d: expected a whole number of at least 1, got 0"):
        encoding(X, 0)
