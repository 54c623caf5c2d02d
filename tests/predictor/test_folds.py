"""The walk forward: every part after the one before it, with the gap between them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from router.core.observed import WINDOW_NS
from router.model import NS
from router.predictor.folds import ROWS_MIN, Fold, TooFewRowsError, walk, whole_past
from router.predictor.samples import HORIZON_NS, Samples
from tests.predictor.made import chance, samples

GAP_NS = {"10s": HORIZON_NS["10s"] + WINDOW_NS, "next": WINDOW_NS}


def made(horizon: str) -> Samples:
    """Rows a second apart, the next move at a random distance."""
    found = samples(horizon, rows=9_000, step_s=1)
    wait = HORIZON_NS["10s"] if horizon == "10s" else chance(2).integers(NS, 100 * NS, 9_000)
    return replace(found, known_at=found.at + wait)


@pytest.mark.parametrize("horizon", ["next", "10s"])
def test_no_part_knows_what_a_later_one_is_tested_on(horizon: str) -> None:
    found = made(horizon)
    for fold in walk(found):
        parts = [fold.past.fit, fold.past.stop, fold.past.calibrate, fold.test]
        for earlier, later in pairwise(parts):
            begin = found.at[later].min()
            assert found.known_at[earlier].max() + WINDOW_NS <= begin
            assert found.at[earlier].max() + GAP_NS[horizon] <= begin
        assert all((np.diff(part) > 0).all() for part in parts)


def test_each_row_of_the_last_two_thirds_is_tested_once() -> None:
    folds: list[Fold] = walk(made("10s"))
    tested = np.concatenate([fold.test for fold in folds])
    assert tested.tolist() == list(range(3_000, 9_000))
    assert [fold.past.calibrate[-1] for fold in folds] == sorted(
        fold.past.calibrate[-1] for fold in folds
    )


def test_no_more_rows_are_left_out_than_the_gap_asks_for() -> None:
    found = made("10s")
    first = walk(found)[0]
    # Of 3,000 rows a second apart 65 % fit, 15 % stop, 20 % calibrate, less the 250 s of each gap.
    assert first.past.fit.tolist() == list(range(1_950 - 249))
    assert first.past.stop.tolist() == list(range(1_950, 2_400 - 249))
    assert first.past.calibrate.tolist() == list(range(2_400, 3_000 - 249))


def test_the_last_model_learns_from_all_days() -> None:
    past = whole_past(made("10s"))
    assert past.fit[0] == 0
    assert past.calibrate[-1] == 8_999


def test_too_short_a_recording_says_what_is_needed() -> None:
    with pytest.raises(TooFewRowsError, match=rf"made: .*needed are {ROWS_MIN} rows"):
        walk(samples("next", rows=600))


def test_a_class_that_never_happens_says_so() -> None:
    found = samples("10s")
    with pytest.raises(TooFewRowsError, match="2 of the classes down, flat, up"):
        walk(replace(found, target=np.minimum(found.target, 1)))
