"""Propensities: by hand, by symmetry, and with caps and minima applied to every draw."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from router.analysis.offpolicy.behaviour import Behaviour
from router.analysis.offpolicy.propensity import (
    DRAWS,
    Purpose,
    Sample,
    propensities,
    sample,
    shares,
    stream,
)
from router.core.chance import chance
from router.core.exploring import Room
from router.core.ledger import Ledger
from router.core.narrowing import Narrowed
from router.learners.hazard import Hazard
from router.learners.static import Static
from router.ports import Arrays, Learner, ScoreRequest, Scores

FOUR = np.array([[2, 0], [1, 1], [0, 3], [2, 0]])


def asked(count: int, lots: int) -> ScoreRequest:
    return ScoreRequest(
        symbol="XYZ",
        arms=tuple(f"V{i}/dark_mid" for i in range(count)),
        features=np.zeros((count, 3)),
        cost_bp=np.zeros(count),
        displayed_lots=np.zeros(count),
        lots=lots,
        urgency_bp=20.0,
        participation=1.0,
    )


def offers(*caps: int, min_qty: int = 0) -> list[Narrowed]:
    return [Narrowed(cap=cap, caps=(), floor=0, min_qty=min_qty) for cap in caps]


def drawn(
    learner: Learner, narrowed: list[Narrowed], lots: int, *, draws: int = DRAWS, seq: int = 1
) -> Sample:
    state, rng = learner.initial(3), stream(7, Purpose.LOGGED, seq=seq)
    room = Room(narrowed, 100 * lots, 100, 0.0)
    free = Behaviour(asked(len(narrowed), lots), room, None, Ledger())
    return sample(learner, state, free, rng=rng, draws=draws)


def test_a_propensity_is_the_share_of_draws_with_one_more_of_each_kind() -> None:
    # the first arm has at least 1, 2, 3 lots in 3, 2, 0 of four draws; the second in 2, 1, 1
    assert propensities(FOUR, 3) == pytest.approx(np.array([[4, 3, 1], [3, 2, 2]]) / 6)


def test_a_targets_share_is_the_plain_share_of_draws() -> None:
    assert shares(FOUR, 3) == pytest.approx(np.array([[3, 2, 0], [2, 1, 1]]) / 4)


def test_between_two_arms_that_are_alike_one_lot_goes_to_each_in_half_of_the_draws() -> None:
    found = drawn(Hazard(), offers(100, 100), 1, draws=2000)
    # binomial: the standard deviation of the share is 0.011
    assert found.lots.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.05)
    assert (found.lots.sum(axis=1) == 1).all()


def test_caps_and_minimum_sizes_hold_in_every_draw() -> None:
    found = drawn(Hazard(kappa=1.0), offers(300, 1_000, 1_000, min_qty=250), 8)
    assert found.varies
    assert (found.lots[:, 0] <= 3).all()
    assert (found.lots.sum(axis=1) <= 8).all()
    assert set(np.unique(found.lots)) <= {0, 3, 4, 5, 6, 7, 8}
    assert len(np.unique(found.lots, axis=0)) > 1


class Undecided(Static):
    """Draws what a share is worth, and nothing else."""

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        scores = super().score(state, request, rng)
        return replace(scores, values=1.0 + rng.random(len(request.arms)))


@pytest.mark.parametrize(
    ("learner", "varies"),
    [(Hazard(), True), (Undecided(), True), (Hazard(kappa=0.0), False), (Static(), False)],
)
def test_a_learner_that_does_not_draw_is_found_out_by_its_scores(
    learner: Learner, varies: bool
) -> None:
    # one arm alone takes everything in every draw: what was placed would not tell
    found = drawn(learner, offers(400), 4)
    assert (found.lots == 4).all()
    assert found.varies is varies


def test_the_same_decision_is_drawn_again_as_it_was() -> None:
    first, again = (drawn(Hazard(), offers(900, 900), 9).lots for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, drawn(Hazard(), offers(900, 900), 9, seq=2).lots)


def test_no_stream_repeats_another_or_the_decisions_own_chance() -> None:
    streams = [
        stream(7, Purpose.LOGGED, seq=5),
        stream(7, Purpose.TARGET, seq=5),
        stream(7, Purpose.LOGGED, seq=6),
        stream(7, Purpose.LOGGED, seq=5, index=1),
        chance(7, 5),
    ]
    seen = [set(each.random(2_000).tolist()) for each in streams]
    assert len(set.union(*seen)) == 10_000
