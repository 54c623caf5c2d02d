"""Recorded days as the tapes that the predictor learns from. Not a command.

Owns the way from OBS-1 (`venues.facts`) to `router.predictor`, which knows no files of recordings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from router.model import NS
from router.ports import IntArray
from router.predictor.samples import Tape
from venues.facts.day import Day, Scope, day_of
from venues.facts.series import Floats
from venues.facts.tables import read_recording

DECISION_STEP_S = 1
"""Between decisions: the grid on which the facts measure what the imbalance foretells."""


def read_tape(prefix: Path, scope: Scope) -> Tape:
    """The recording with this path prefix.

    Raises:
        RecordingFormatError: what is wrong with it.
        OSError: a file cannot be read.
    """
    return tape_of(prefix.name, day_of(read_recording(prefix), scope))


def tape_of(name: str, day: Day) -> Tape:
    """A day's best quotes and lit prints, and a decision every second after the first minute."""
    book, prints = day.book, day.lit
    return Tape(
        name=name,
        at=np.concatenate(day.grids(DECISION_STEP_S)),
        close_ns=day.scope.sessions[-1][1] * NS,
        lot=day.scope.lot,
        quote_ns=book.t_ns,
        bid=_whole(book.bid),
        bid_qty=_whole(book.bid_qty),
        offer=_whole(book.ask),
        offer_qty=_whole(book.ask_qty),
        trade_ns=prints.t_ns,
        px=_whole(prints.px),
        qty=_whole(prints.qty),
        sign=prints.sign,
    )


def _whole(values: Floats) -> IntArray:
    """Ticks and shares are whole, but for midpoint prints of an odd spread: nothing reads those."""
    return np.rint(values).astype(np.int64)
