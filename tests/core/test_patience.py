"""u(x) from a table: the place of a state, the band, and what holds where there is no answer."""

from __future__ import annotations

from dataclasses import replace
from math import nan, sinh
from typing import Any, cast

import numpy as np
import pytest
from msgspec import structs

from router.core.features import FEATURES
from router.core.orders import Parent
from router.core.patience import urge, within
from router.core.sending import Scene
from router.core.urgency_table import MARKET_COLUMNS, UrgencyTable, trajectory
from router.model import NS
from router.ports import Due, Urgency
from tests.policies.policy_samples import context

U = np.array([[[1.0, 2.0], [3.0, nan]], [[5.0, 6.0], [7.0, 8.0]]])[..., None, None, None]
TABLE = UrgencyTable("hand", "d" * 64, (0.005,), ((0.5,), (), (), ()), U, kappa=1.0)
BAND = Urgency(table="d" * 64, at_least_bp=2.5, at_most_bp=6.5)
FREE = Urgency(table="d" * 64, at_least_bp=0.0, at_most_bp=100.0)
ADV = 1_000_000


def scene(*, leaves: int = 10_000, urgency: float = 0.3, end: int = 100 * NS) -> Scene:
    sample = context(order_qty=10_000, cum_qty=10_000 - leaves)
    view = structs.replace(sample.parent, start_time=0, end_time=end)
    return Scene(
        parent=cast(Parent, None),
        view=view,
        instrument=sample.instrument,
        market=sample.market,
        policy=cast(Any, None),
        due=Due(100, urgency, NS),
        qty=100,
        lots=1,
        volume=0,
        next_at=NS,
    )


def matrix(spread: float = 0.0) -> np.ndarray[Any, np.dtype[np.float64]]:
    found = np.zeros((2, len(FEATURES)))
    found[:, MARKET_COLUMNS[0]] = spread
    return found


def asked(band: Urgency, seconds: float, here: Scene, spread: float = 0.0) -> tuple[float, Any]:
    return urge(
        band, TABLE, round(seconds * NS), here, matrix(spread), lambda urgency: 10 * urgency
    )


@pytest.mark.parametrize(
    ("seconds", "leaves", "spread", "u"),
    [
        (0.0, 4_999, 0.0, 1.0),
        (0.0, 5_000, 0.0, 3.0),  # the bound itself belongs above it
        (49.9, 4_999, 0.5, 2.0),
        (50.0, 4_999, 0.5, 6.0),
        (99.9, 9_000, 0.49, 7.0),
        (150.0, 9_000, 4.0, 8.0),  # after the end it is the last bucket's time
    ],
)
def test_a_state_has_its_cell(seconds: float, leaves: int, spread: float, u: float) -> None:
    found, note = asked(FREE, seconds, scene(leaves=leaves), spread)
    assert found == u
    assert note.by == "table"
    assert note.learned_bp == u
    assert note.table == "hand@" + "d" * 12
    assert TABLE.u_bp[note.cell] == u


def test_the_policys_band_holds() -> None:
    assert asked(BAND, 0.0, scene(leaves=4_000))[0] == 2.5
    assert asked(BAND, 99.0, scene(leaves=9_000))[0] == 6.5
    found, note = asked(BAND, 99.0, scene(leaves=4_000))
    assert (found, note.learned_bp, note.at_least_bp, note.at_most_bp) == (5.0, 5.0, 2.5, 6.5)


def test_what_is_added_to_a_table_s_answer_stays_in_the_band() -> None:
    """A drift of 5 bp on 4 is 6.5 at most; without the table's say there is no band."""
    _, note = asked(BAND, 99.0, scene(leaves=4_000))
    assert (within(note, 4.0 + 5.0), within(note, 1.0), within(note, 4.0)) == (6.5, 2.5, 4.0)
    _, must = asked(BAND, 0.0, scene(urgency=1.0))
    assert within(must, 15.0) == 15.0
    assert within(None, 15.0) == 15.0


def test_where_there_is_no_answer_the_lag_behind_almgren_and_chriss_holds() -> None:
    """At 40 of 100 s sinh(0.6)/sinh(1) = 0.5417 should remain. With 0.7 of it left the lag is
    0.1583, over two buckets of time 0.3166, and the urgency of that is worth ten times as much."""
    assert trajectory(0.6, 1.0) == pytest.approx(0.636654 / 1.175201, abs=1e-6)
    assert trajectory(0.6, 0.0) == 0.6
    assert trajectory(0.0, 3.0) == 0.0
    assert trajectory(1.0, 3.0) == 1.0
    found, note = asked(FREE, 40.0, scene(leaves=7_000), spread=1.0)
    assert found == pytest.approx(10 * 2 * (0.7 - sinh(0.6) / sinh(1.0)))
    assert note.by == "schedule"
    assert note.cell == (0, 1, 1, 0, 0, 0)
    # Ahead of it there is no hurry.
    assert asked(FREE, 10.0, scene(leaves=5_000), spread=1.0)[0] == 0.0
    assert asked(BAND, 10.0, scene(leaves=5_000), spread=1.0)[0] == 2.5


def test_who_must_trade_is_not_asked_for_patience() -> None:
    found, note = asked(BAND, 0.0, scene(urgency=1.0))
    assert (found, note.by, note.learned_bp) == (10.0, "must trade", None)


def test_a_parent_without_an_end_has_no_place() -> None:
    found, note = asked(BAND, 0.0, scene(urgency=0.5, end=0))
    assert (found, note.by) == (5.0, "no place in the table")
    here = scene(urgency=0.5)
    thin = structs.replace(here, instrument=replace(here.instrument, adv=0))
    found, note = asked(BAND, 0.0, thin)
    assert (found, note.by) == (5.0, "no place in the table")


def test_without_a_table_nothing_is_noted() -> None:
    here = scene(urgency=0.5)
    assert urge(None, None, 0, here, matrix(), lambda urgency: 10 * urgency) == (5.0, None)


def test_a_decision_without_candidates_has_a_typical_market() -> None:
    empty = np.zeros((0, len(FEATURES)))
    found, _ = urge(FREE, TABLE, 0, scene(leaves=4_000), empty, lambda urgency: urgency)
    assert found == 1.0
