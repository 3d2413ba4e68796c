import math

import numpy as np
import pytest

from attn.tools.data import Pair, encode, evaluation_set, join, training_set, word
from attn.tools.metrics import alignment_error, bleu, by_length, crossed, strongest

CAT = join([word("le", "the"), word("chat", "cat"), word("noir", "black")], order=(0, 2, 1))


def words(text):
    return tuple(text.split())


def test_bleu_of_a_hand_computed_example():
    candidate, reference = words("the cat sat on the big mat"), words("the cat sat on the mat")
    # 1-grams 6 of 7, 2-grams 4 of 6, 3-grams 3 of 5, 4-grams 2 of 4; longer than the reference
    expected = 100 * (6 / 7 * 4 / 6 * 3 / 5 * 2 / 4) ** 0.25
    assert bleu([candidate], [reference]) == pytest.approx(expected)


def test_bleu_punishes_what_is_too_short():
    candidate, reference = words("the cat sat on"), words("the cat sat on the mat")
    assert bleu([candidate], [reference]) == pytest.approx(100 * math.exp(1 - 6 / 4))


def test_bleu_counts_a_word_at_most_as_often_as_the_reference_has_it():
    # Papineni et al.: "the" seven times against two; the other 4-gram keeps all orders above zero
    candidates = [words("the the the the the the the"), words("a b c d")]
    references = [words("the cat is on the mat"), words("a b c d")]
    precisions = (2 + 4) / 11, (0 + 3) / 9, (0 + 2) / 7, (0 + 1) / 5
    assert bleu(candidates, references) == pytest.approx(100 * math.prod(precisions) ** 0.25)


def test_bleu_adds_up_the_corpus_before_it_divides():
    candidates, references = [words("a b c d e"), words("x y z w")], [words("a b c d e")] * 2
    precisions = 5 / 9, 4 / 7, 3 / 5, 2 / 3
    brevity = math.exp(1 - 10 / 9)
    expected = 100 * brevity * math.prod(precisions) ** 0.25
    assert bleu(candidates, references) == pytest.approx(expected)


def test_bleu_is_100_for_the_reference_and_0_without_a_common_4_gram():
    text = words("the black cat sleeps")
    assert bleu([text], [text]) == pytest.approx(100)
    assert bleu([words("the black cat")], [text]) == 0
    assert bleu([()], [text]) == 0


def test_alignment_error_of_a_hand_computed_example():
    pair = Pair(("a",) * 3, ("b",) * 3, ((0, 0), (1, 1)), ((2, 1),))
    # A: one sure, one possible, one wrong: 1 - (1 + 2) / (3 + 2)
    assert alignment_error([{(0, 0), (2, 1), (1, 2)}], [pair]) == pytest.approx(1 - 3 / 5)


def test_the_right_links_have_no_alignment_error():
    assert alignment_error([CAT.sure, CAT.sure], [CAT, CAT]) == 0
    assert alignment_error([CAT.sure, [(0, 2), (1, 0), (2, 0)]], [CAT, CAT]) == 0.5


def test_a_crossing_pair_must_be_crossed():
    pairs = training_set(np.random.default_rng(0), 50, 20, {})
    assert crossed([pair.sure for pair in pairs], pairs) == 1
    straight = [[(i, i) for i in range(len(pair.english))] for pair in pairs]
    assert crossed(straight, pairs) == 0
    assert crossed([{(0, 0), (1, 2), (2, 1)}, {(0, 0), (1, 1), (2, 2)}], [CAT, CAT]) == 0.5


def test_pairs_in_which_nothing_crosses_have_no_share():
    straight = Pair(("a", "b"), ("a", "b"), ((0, 0), (1, 1)))
    with pytest.raises(ValueError, match="pairs: expected words that swap sides, got none"):
        crossed([straight.sure], [straight])


def test_the_strongest_links_ignore_the_end_and_the_padding():
    alpha = np.zeros((2, 5, 4))
    alpha[0, range(5), [0, 2, 1, 3, 3]] = 1
    alpha[1, range(5), [1, 1, 1, 1, 1]] = 1
    short = Pair(("chat",), ("cat",))
    assert strongest(alpha, [CAT, short]) == [{(0, 0), (1, 2), (2, 1)}, {(0, 1)}]


def test_translations_are_judged_by_length():
    test = evaluation_set(np.random.default_rng(0), (5, 8), each=6)
    known = {
        tuple(row[mask]): (row_y, p.english)
        for pairs in test.values()
        for batch in [encode(pairs)]
        for row, mask, row_y, p in zip(batch.x, batch.x_mask, batch.y, pairs, strict=True)
    }

    def perfect_but_for_8(x, x_mask, longest):
        rows = [known[tuple(row[mask])][0] for row, mask in zip(x, x_mask, strict=True)]
        y = np.array(rows)
        if x.shape[1] == 8:
            y[0] = 1
        return y

    accuracy, scores = by_length(perfect_but_for_8, test)
    np.testing.assert_allclose(accuracy, [1, 5 / 6])
    assert scores[0] == pytest.approx(100)
    assert 50 < scores[1] < 100
