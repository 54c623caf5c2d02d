"""Targets by hand, and when each is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from router.model import NS
from router.predictor.samples import DAY_NS, samples_of, targets
from tests.predictor.made import tape

DAY = tape(
    [
        (1, 100, 300, 102, 100),  # mid 101
        (2, 100, 500, 102, 100),  # the same
        (5, 101, 500, 102, 100),  # 101.5, a quarter of a spread of two up
        (9, 101, 500, 101, 100),  # locked
        (12, 98, 500, 102, 100),  # 100, down
        (15, 98, 400, 102, 100),
    ],
    at=[0.5, 1, 4.9, 5, 9, 11, 12, 14],
    close=16,
)


def test_the_next_move_is_the_first_change_of_the_mid() -> None:
    target, known_at, move = targets(DAY, "next")
    # None before the first quote, in a locked market, and after the last move.
    assert target.tolist() == [-1, 1, 1, 0, -1, -1, -1, -1]
    assert (known_at[1:4] / NS).tolist() == [5, 5, 9]
    # Half a price unit, of a spread of 2, 2 and 1.
    assert move.tolist() == [0, 0.25, 0.25, -0.5, 0, 0, 0, 0]


def test_a_move_over_a_time_is_measured_in_spreads() -> None:
    target, known_at, _ = targets(DAY, "1s")
    # At 4.9 the mid moves 0.5 of a spread of 2: a quarter is a move. At 5 it stays until 6.
    assert target.tolist() == [-1, 1, 2, 1, -1, -1, 1, 1]
    assert known_at.tolist() == (DAY.at + NS).tolist()
    ten, _, move = targets(DAY, "10s")
    # From 101 at 1 s to 101 at 11 s; 4.9: down to 100 at 14.9; at 5: down, known at 15.
    assert ten.tolist() == [-1, 1, 0, 0, -1, -1, -1, -1]
    assert move.tolist() == [0, 0, -0.5, -1.5, 0, 0, 0, 0]


def test_the_size_of_a_move_is_a_mean_over_what_moved() -> None:
    # 0.25, 0.25 and 0.5 at the next move; over 10 s 0.5 and 1.5, and one that is flat.
    assert samples_of([DAY], "next").move_spreads == pytest.approx(1 / 3)
    assert samples_of([DAY], "10s").move_spreads == pytest.approx(1.0)


def test_less_than_a_quarter_of_a_spread_is_flat() -> None:
    day = tape([(0, 100, 1, 103, 1), (1, 100, 1, 102, 1), (2, 96, 1, 102, 1)], at=[0, 1], close=9)
    assert targets(day, "1s")[0].tolist() == [1, 0]


def test_what_the_day_does_not_show_is_no_row() -> None:
    at_the_close = replace(DAY, at=np.array([14, 15], np.int64) * NS)
    assert targets(at_the_close, "1s")[0].tolist() == [1, -1]


def test_days_follow_one_another() -> None:
    heard: list[str] = []
    found = samples_of([DAY, replace(DAY, name="later")], "next", done=heard.append)
    assert heard == ["day", "later"]
    assert found.days == ("day", "later")
    seconds = [1.0, 4.9, 5.0]
    assert (found.at / NS).tolist() == pytest.approx(seconds + [86_400 + each for each in seconds])
    assert (found.known_at - found.at >= 0).all()
    assert found.known_at[3] == DAY_NS + 5 * NS
    assert found.target.tolist() == [1, 1, 0] * 2
    assert found.features[:3].tobytes() == found.features[3:].tobytes()


def test_features_are_as_received_and_targets_as_happened() -> None:
    prompt, late = (samples_of([DAY], "next", latency_ns=each) for each in (0, 2 * NS))
    assert prompt.target.tolist() == late.target.tolist()
    assert np.isnan(late.features[0]).any()  # at 1 s nothing has been received yet
    assert prompt.features[0][0] == pytest.approx(200 / 800)
