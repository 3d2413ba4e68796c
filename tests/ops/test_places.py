import numpy as np
import pytest

from attn.ops.places import alibi, alibi_backward, alibi_slopes, learned, learned_backward
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_learned_positions_are_added_from_the_table(rng):
    x, P, positions = rng.standard_normal((2, 3, 4)), rng.standard_normal((7, 4)), [6, 0, 2]
    y = learned(x, P, np.array(positions))
    for b, i in np.ndindex(2, 3):
        assert np.array_equal(y[b, i], x[b, i] + P[positions[i]])


@pytest.mark.parametrize("positions", [[0, 1, 2], [6, 6, 0]])
def test_gradcheck_learned(rng, positions):
    def f_backward(dy, x, P, positions):
        return learned_backward(dy, P, positions)

    args = (rng.standard_normal((2, 5, 3, 4)), rng.standard_normal((7, 4)), np.array(positions))
    assert gradcheck(learned, f_backward, args, rng) < 1e-7


def test_a_position_that_no_row_has_gets_no_gradient(rng):
    P = rng.standard_normal((7, 4))
    _, dP = learned_backward(np.ones((2, 3, 4)), P, np.array([1, 1, 4]))
    assert dP[:, 0].tolist() == [0, 4, 0, 0, 2, 0, 0]


@pytest.mark.parametrize("heads", [1, 2, 4, 8, 16])
def test_slopes_are_the_geometric_sequence_of_the_paper(heads):
    start = 2 ** (-8 / heads)
    assert alibi_slopes(heads) == pytest.approx([start**i for i in range(1, heads + 1)])


def test_eight_slopes_are_the_inverse_powers_of_two():
    assert alibi_slopes(8).tolist() == [1 / 2**i for i in range(1, 9)]


@pytest.mark.parametrize("heads", [3, 5, 6, 7, 12, 112])
def test_other_counts_take_every_other_slope_of_twice_the_power_below(heads):
    power = max(2**i for i in range(8) if 2**i <= heads)
    expected = [*alibi_slopes(power), *alibi_slopes(2 * power)[0::2][: heads - power]]
    assert alibi_slopes(heads) == pytest.approx(expected)
    assert len(set(alibi_slopes(heads))) == heads


@pytest.mark.parametrize(("at", "keys"), [([0, 1, 2], [0, 1, 2]), ([4], range(5)), ([], [7])])
@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_alibi_takes_the_slope_times_the_distance(at, keys, kind):
    bias = alibi(np.array([0.5, 0.25]), np.array(at, kind), np.array(keys, kind))
    assert bias.shape == (2, len(at), len(keys))
    for h, i, j in np.ndindex(bias.shape):
        assert bias[h, i, j] == -[0.5, 0.25][h] * abs(at[i] - keys[j])


def test_alibi_has_the_precision_of_its_slopes():
    n, m = np.arange(3), np.arange(4)
    assert alibi(np.ones(2, np.float32), n, m).dtype == np.float32
    assert alibi_backward(np.ones((2, 3, 4), np.float32), n, m).dtype == np.float32


@pytest.mark.parametrize(("at", "keys"), [(range(3), range(3)), ([3, 4], range(5)), ([1], [1])])
def test_gradcheck_alibi(rng, at, keys):
    def f_backward(dbias, slopes, *positions):
        return alibi_backward(dbias, *positions)

    args = (rng.standard_normal(2), np.array(at), np.array(keys))
    assert gradcheck(alibi, f_backward, args, rng) < 1e-7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: learned(np.ones((2, 4)), np.ones((7, 5)), np.arange(2)), r"P: .* with d = 4"),
        (lambda: learned(np.ones((2, 4)), np.ones((7, 4)), np.arange(3)), r"positions: .* \(2,\)"),
        (lambda: learned(np.ones((2, 4)), np.ones((7, 4)), np.array([1, 7])), "positions: .* to 6"),
        (lambda: learned(np.ones((2, 4), int), np.ones((7, 4)), np.arange(2)), "x: .* of floats"),
        (lambda: alibi_slopes(0), "heads: expected a whole number of at least 1, got 0"),
        (lambda: alibi_slopes(2.0), "heads: expected a whole number of at least 1, got 2.0"),
        (lambda: alibi(np.ones(2, int), np.arange(3), np.arange(3)), "slopes: .* got int64"),
        (lambda: alibi(np.ones((2, 1)), np.arange(3), np.arange(3)), r"slopes: .* got \(2, 1\)"),
        (lambda: alibi(np.ones(2), np.arange(-1, 2), np.arange(3)), "positions_q: .* got -1 to 1"),
        (lambda: alibi(np.ones(2), np.arange(3), np.ones(3)), "positions_k: .* got float64"),
        (lambda: alibi(np.ones(2), np.arange(3), np.ones((1, 3), int)), r"positions_k: .*\(1, 3\)"),
    ],
)
def test_places_that_do_not_fit_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
