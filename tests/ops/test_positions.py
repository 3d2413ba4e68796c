import cmath
import math

import numpy as np
import pytest

from attn.ops.positions import rotary, rotary_backward, sinusoidal
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("d", [6, 7])
def test_sinusoids_are_the_formula_of_the_paper(d):
    P = sinusoidal(5, d)
    assert P.shape == (5, d)
    for t, i in np.ndindex(5, d):
        angle = t / 10000 ** (2 * (i // 2) / d)
        assert P[t, i] == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle))


def test_rotary_turns_each_pair_by_its_angle(rng):
    x, positions = rng.standard_normal((2, 3, 6)), np.array([0, 4, 1000])
    y = rotary(x, positions)
    for b, n, i in np.ndindex(2, 3, 3):
        turn = cmath.exp(1j * positions[n] / 10000 ** (2 * i / 6))
        turned = complex(x[b, n, 2 * i], x[b, n, 2 * i + 1]) * turn
        assert complex(y[b, n, 2 * i], y[b, n, 2 * i + 1]) == pytest.approx(turned)


def test_rotary_scores_depend_on_the_distance_alone(rng):
    q, k = rng.standard_normal((2, 1, 8))

    def score(i, j):
        return (rotary(q, np.array([i])) @ rotary(k, np.array([j])).T).item()

    assert score(3, 5) == pytest.approx(score(10, 12))
    assert score(3, 5) != pytest.approx(score(3, 6))


def test_rotary_keeps_lengths_and_the_first_place(rng):
    x = rng.standard_normal((4, 6))
    y = rotary(x, np.arange(4))
    assert np.linalg.norm(y, axis=-1) == pytest.approx(np.linalg.norm(x, axis=-1))
    assert np.array_equal(y[0], x[0])


def test_far_places_turn_as_exactly_in_float32(rng):
    x, positions = rng.standard_normal((3, 6)), np.array([0, 10**6, 10**6 + 1])
    y = rotary(x.astype(np.float32), positions)
    assert y.dtype == np.float32
    assert y == pytest.approx(rotary(x, positions), abs=1e-5)


@pytest.mark.parametrize("positions", [np.arange(3), np.array([7, 7, 250], np.uint8)])
def test_gradcheck_rotary(rng, positions):
    error = gradcheck(
        lambda x: rotary(x, positions),
        lambda dy, x: rotary_backward(dy, positions),
        (rng.standard_normal((2, 3, 6)),),
        rng,
    )
    assert error < 1e-7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rotary(np.ones((3, 5)), np.arange(3)), "x: .* features even in number"),
        (lambda: rotary(np.ones(4), np.array(1)), r"x: expected \(\.\.\., n, 2 d\), .* got \(4,\)"),
        (lambda: rotary(np.ones((3, 4), int), np.arange(3)), "x: expected an array of floats"),
        (lambda: rotary(np.ones((3, 4)), np.arange(4)), r"positions: .* \(3,\), got \(4,\)"),
        (lambda: rotary(np.ones((3, 4)), np.arange(3.0)), "positions: .* integers, got float64"),
        (lambda: sinusoidal(3.0, 4), "n: expected a whole number"),
        (lambda: sinusoidal(3, 0), "d: expected a whole number of at least 1, got 0"),
    ],
)
def test_positions_that_do_not_fit_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
