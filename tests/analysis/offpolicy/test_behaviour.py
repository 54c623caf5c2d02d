"""What else a decision would have done: its own draws within its own budget, gate and opt-out."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from router.analysis.offpolicy.behaviour import Behaviour
from router.analysis.offpolicy.propensity import Purpose, propensities, sample, stream
from router.core.exploring import Room
from router.core.ledger import Ledger
from router.core.narrowing import Narrowed
from router.learners.static import Static
from router.messages import Safety
from router.ports import Arrays, ScoreRequest, Scores

LOTS = 4
REQUEST = ScoreRequest(
    symbol="XYZ",
    arms=("A/lit_take", "B/lit_take"),
    features=np.zeros((2, 3)),
    cost_bp=np.zeros(2),
    displayed_lots=np.zeros(2),
    lots=LOTS,
    urgency_bp=1.0,
    participation=1.0,
)
ROOM = Room([Narrowed(400, (), 0, 0), Narrowed(400, (), 0, 0)], 400, 100, 1_000.0)


class Coin(Static):
    """At the mean the first arm is worth 5 and the second 4; a coin says which one is drawn."""

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        sure = np.ones((2, request.lots))
        second = float(rng.integers(2))
        drawn = np.array([6.0, 5.0 + 2.0 * second])
        return Scores(sure, sure, drawn, np.array([5.0, 4.0]), sure, np.array([5.0, 1.0]))


def drawn(
    safety: Safety | None, ledger: Ledger, champion: Scores | None = None
) -> tuple[float, bool]:
    """The share of draws in which all goes to the second arm, and whether it varies."""
    learner = Coin()
    behaviour = Behaviour(REQUEST, ROOM, safety, ledger)
    rng = stream(1, Purpose.LOGGED)
    found = sample(learner, learner.initial(3), behaviour, rng=rng, draws=400)
    assert set(np.unique(found.lots)) <= {0, LOTS}
    return float((found.lots[:, 1] == LOTS).mean()), found.varies


def test_a_journal_from_before_took_every_draw() -> None:
    share, varies = drawn(None, Ledger())
    assert share == pytest.approx(0.5, abs=0.1)
    assert varies


@pytest.mark.parametrize("word", ["OPTED_OUT", "FROZEN"])
def test_where_no_draw_had_a_say_the_decision_is_certain(word: str) -> None:
    budget = None if word == "OPTED_OUT" else 100.0
    assert drawn(Safety(False, word, budget_bp=budget), Ledger()) == (0.0, False)


# The second arm costs 1 bp: what is left decides whether a draw of it would have been taken.
@pytest.mark.parametrize("made", [Safety(True, "", 1.0), Safety(False, "BUDGET_SPENT", 1.0)])
@pytest.mark.parametrize(("spent", "expected"), [(0.0, 0.5), (1.0, 0.0)])
def test_with_another_draw_the_budget_would_have_judged_that_one(
    made: Safety, spent: float, expected: float
) -> None:
    safety = replace_safety(made, budget_bp=0.5)
    ledger = Ledger(notional=1_000.0, spent=spent)
    share, varies = drawn(safety, ledger)
    assert share == pytest.approx(expected, abs=0.1)
    assert varies


def test_a_draw_that_the_gate_would_have_stopped_counts_as_the_champion() -> None:
    # all at the second arm is worth 1 at its lower bound, against 5
    for give_up, expected in ((0.7, 0.0), (0.9, 0.5)):
        safety = replace_safety(Safety(True, "", 1.0), budget_bp=100.0, give_up=give_up)
        share, _ = drawn(safety, Ledger())
        assert share == pytest.approx(expected, abs=0.1)


def test_the_decision_itself_goes_by_the_mean_unless_it_explored() -> None:
    scores = Coin().score({}, REQUEST, np.random.Generator(np.random.Philox(key=1)))
    scores = replace(scores, values=np.array([6.0, 7.0]))
    for explored, quantities in ((True, [0, 400]), (False, [400, 0])):
        behaviour = Behaviour(REQUEST, ROOM, Safety(explored), Ledger())
        assert behaviour.again(scores).quantities == quantities
    assert Behaviour(REQUEST, ROOM, None, Ledger()).again(scores).quantities == [0, 400]


def test_a_certain_lot_is_as_near_to_certain_as_the_draws_can_tell() -> None:
    lots = np.tile([LOTS, 0], (64, 1))
    found = propensities(lots, LOTS)
    assert found[0] == pytest.approx([65 / 66] * LOTS)
    assert found[1] == pytest.approx([1 / 66] * LOTS)


def replace_safety(made: Safety, **more: float) -> Safety:
    kept = {"explored": made.explored, "held_back": made.held_back, "cost_bp": made.cost_bp}
    return Safety(**kept, notional=1_000.0, **more)  # type: ignore[arg-type]
