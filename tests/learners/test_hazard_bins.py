"""Size bins follow the instrument: edges, likelihood and lessons scale with its children."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners._tails import BINS, edges_of, rows, tails
from router.learners.hazard import Hazard
from router.ports import Arrays, FloatArray, Lesson, ScoreRequest

ARM = "A/dark_mid"
HALF = np.full(BINS, 0.5)


def told(sent: int, filled: int, child_lots: int, symbol: str = "XYZ") -> Lesson:
    nothing = np.zeros(0)
    return Lesson(symbol, ARM, nothing, sent, filled, 0, "observed", None, child_lots)


def mean_tail(state: Arrays, lots: int, child_lots: int, symbol: str = "XYZ") -> FloatArray:
    none = np.zeros(1)
    request = ScoreRequest(symbol, (ARM,), np.zeros((1, 0)), none, none, lots, 0.0, 1.0, child_lots)
    rng = np.random.Generator(np.random.Philox(key=0))
    return np.asarray(Hazard(gamma=1.0).score(state, request, rng).mean_tails[0])


@pytest.mark.parametrize(
    ("child_lots", "edges"),
    [
        (256, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256]),
        (2048, [0, 1, 16, 32, 64, 128, 256, 512, 1024, 2048]),
        (384, [0, 1, 3, 6, 12, 24, 48, 96, 192, 384]),
        (20, [0, 1, 2, 3, 4, 5, 6, 7, 10, 20]),  # 20/2^k: 10, 5, 2.5 ...: but one lot apart
        (9, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_edges_above_one_scale_until_the_last_is_the_childs_99th_percentile(
    child_lots: int, edges: list[int]
) -> None:
    assert edges_of(child_lots).tolist() == edges


def test_nine_bins_need_nine_lots() -> None:
    with pytest.raises(ValueError, match="child_lots is 8: 9 size bins need 9 lots or more"):
        edges_of(8)


@pytest.mark.parametrize("child_lots", [9, 20, 100, 256, 1000, 4096])
def test_a_likelihood_by_rows_is_the_likelihood_of_the_tail_at_every_scale(child_lots: int) -> None:
    hazards = np.linspace(0.1, 0.8, BINS)
    tail = tails(np.log(hazards / (1 - hazards))[np.newaxis], child_lots, child_lots)[0]
    for sent in np.unique(np.geomspace(1, child_lots, 40).astype(int)):
        bins, labels, weights = rows(int(sent), int(sent), 0, HALF, child_lots)
        assert (labels == 0.0).all()
        assert np.exp((weights * np.log1p(-hazards[bins])).sum()) == pytest.approx(tail[sent - 1])


def test_a_death_falls_into_the_bin_of_its_scale() -> None:
    assert [list(part) for part in rows(500, 40, 0, HALF, 2048)] == [
        [0, 1, 2, 3],  # 32 .. 63
        [0, 0, 0, 1],
        [1, 1, 1, 1],
    ]
    # V < 3 at a scale where bin 1 holds 1 .. 15: P(V = 0) = 1/2, then 2/15 of a width
    parts = np.array([0.5, 0.5 * (1 - 0.5 ** (2 / 15))])
    _, labels, weights = rows(8, 0, 3, HALF, 2048)
    assert labels * weights == pytest.approx(parts / parts.sum())


def test_a_scaled_instrument_learns_the_same_curve_at_its_own_scale() -> None:
    learner = Hazard(gamma=1.0)
    small, large = learner.initial(0), learner.initial(0)
    draw = np.random.Generator(np.random.Philox(key=4))
    for _ in range(400):
        sent, filled = 2 ** int(draw.integers(1, 9)), 2 ** int(draw.integers(0, 10))
        filled = 0 if draw.random() < 0.3 else filled
        learner.learn(small, told(sent, min(sent, filled), 256))
        learner.learn(large, told(8 * sent, 8 * min(sent, filled), 2048))
    narrow, wide = mean_tail(small, 256, 256), mean_tail(large, 2048, 2048)
    assert wide[15::16] == pytest.approx(narrow[1::2])


def test_another_scale_drops_what_the_symbol_said_and_keeps_what_all_share() -> None:
    learner = Hazard(gamma=1.0)
    state = learner.initial(0)
    for _ in range(50):
        learner.learn(state, told(256, 0, 256))
    assert mean_tail(state, 256, 256)[0] < 0.1
    # at another scale the symbol is like one that was never seen
    rescaled = mean_tail(state, 2048, 2048)
    assert np.array_equal(rescaled, mean_tail(state, 2048, 2048, symbol="NEW"))
    learner.learn(state, told(2048, 2048, 2048))
    assert state[f"own/XYZ/{ARM}"][0, 0] < 1.0  # one row, not 51
