"""What limits may ask of windows: the count, wherever in a long history the window begins."""

from __future__ import annotations

import numpy as np
import pytest

from router.core.views import LimitView
from tests.oms.desk import Desk


@pytest.mark.parametrize("past", [0, 1, 2, 3, 7, 8, 9, 1000])
def test_a_window_counts_what_is_younger_than_its_length(past: int) -> None:
    draw, desk = np.random.Generator(np.random.Philox(key=past)), Desk()
    state, now = desk.node.engine.state, 10_000
    times = np.sort(draw.integers(0, now, past)).tolist()
    for at in times:
        state.count(state.child_times, "A", at)
    view = LimitView(desk.node.engine.env, state, now)
    assert view.child_count("B", now) == 0
    for window in (1, 10, 100, 1000, 5000, now - 1, now, 2 * now):
        assert view.child_count("A", window) == sum(at > now - window for at in times), window
