"""Memory is flat once the bounds are reached: what still grows for an order is said on the page."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from bench.market import Market
from router.core import fold_ends, state, windows
from router.journal.storage import FileStorage

ORDERS = 400
SWING_MAX = 1_000_000
"""Bytes: timers and windows are cleared now and then, so memory goes up and down. The orders that
are looked at would be 3.4 MB if they were put away, and 11 MB as they were."""


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_nothing_else_grows_with_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_ends, "CLOSED_PARENTS_MAX", 700)
    monkeypatch.setattr(fold_ends, "IDLE_TIMERS_MAX", 100)
    monkeypatch.setattr(windows, "WINDOW_MAX", 500)
    monkeypatch.setattr(state, "WINDOW_MAX", 500)
    market = Market(FileStorage(tmp_path / "state"))

    def traded() -> int:
        for _ in range(ORDERS):
            market.refresh()
            market.give([market.order()])
            market.exchange()
            market.give(market.fills())
            market.exchange()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        used = [traded() for _ in range(6)]
    finally:
        tracemalloc.stop()
    known = market.node.engine.state
    assert len(known.closed) > 0
    assert len(known.parents) + len(known.closed) == 700
    assert max(used[1:]) - min(used[1:]) < SWING_MAX, used
    market.close()
