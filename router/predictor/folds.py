"""Walk-forward in time: what is learned from, what stops and calibrates it, what it is tested on.

Owns the order and the gaps. Every part lies after the one before it, and a row belongs to a part
only if its target was known one feature window before the next part begins: so between the last
decision of a part and the first of the next lie at least the horizon and the longest memory of a
feature (docs/predictor.md). Nothing is shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from router.core.observed import WINDOW_NS
from router.ports import IntArray
from router.predictor.samples import Samples

FIRST = 1 / 3
"""Share of all rows that lies before the first tested block: of three days, one (choice)."""

FOLDS = 5
"""Blocks of equal length in the rest: each is tested with a model of all that lies before it."""

STOP_FROM, CALIBRATE_FROM = 0.65, 0.8
"""Shares of the past: before the first it is fitted, from the second on it calibrates (choice)."""

ROWS_MIN = 100
"""Rows that every part needs."""


class TooFewRowsError(ValueError):
    """The recordings are too short, or one of the classes does not happen in them."""


@dataclass(frozen=True, slots=True)
class Past:
    """Rows that a model is made from, three blocks in the order of time."""

    fit: IntArray
    """Weights and scales come from these."""
    stop: IntArray
    """Say when to stop."""
    calibrate: IntArray
    """Say what a probability is worth."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One step of the walk."""

    past: Past
    test: IntArray


def walk(samples: Samples, folds: int = FOLDS) -> list[Fold]:
    """All steps, the first the oldest.

    Raises:
        TooFewRowsError: a part has too few rows, or lacks a class.
    """
    first = int(FIRST * len(samples))
    bounds = [first + (len(samples) - first) * k // folds for k in range(folds + 1)]
    found = []
    for number, (begin, end) in enumerate(pairwise(bounds), start=1):
        test = np.arange(begin, end, dtype=np.int64)
        name = f"step {number} of {folds}"
        _check(samples, test, f"the tested block of {name}")
        found.append(Fold(_past(samples, begin, name), test))
    return found


def whole_past(samples: Samples) -> Past:
    """Everything, for the model that is kept.

    Raises:
        TooFewRowsError: a part has too few rows, or lacks a class.
    """
    return _past(samples, len(samples), "the whole")


def _past(samples: Samples, end: int, name: str) -> Past:
    bounds = (0, int(STOP_FROM * end), int(CALIBRATE_FROM * end), end)
    fit, stop, calibrate = (_before(samples, begin, until) for begin, until in pairwise(bounds))
    for part, what in ((fit, "fits"), (stop, "stops"), (calibrate, "calibrates")):
        _check(samples, part, f"the block that {what} in {name}")
    return Past(fit, stop, calibrate)


def _before(samples: Samples, begin: int, end: int) -> IntArray:
    """The rows of [begin, end) whose targets were known a window before row `end` is decided."""
    rows = np.arange(begin, end, dtype=np.int64)
    if end == len(samples):
        return rows
    settled = samples.known_at[rows] + WINDOW_NS <= samples.at[end]
    return np.asarray(rows[settled])


def _check(samples: Samples, rows: IntArray, name: str) -> None:
    seen = len(np.unique(samples.target[rows]))
    wanted = samples.classes
    if len(rows) < ROWS_MIN or seen < len(wanted):
        raise TooFewRowsError(
            f"{', '.join(samples.days)}: {name} has {len(rows)} rows and {seen} of the classes "
            f"{', '.join(wanted)}; needed are {ROWS_MIN} rows and every class: give longer "
            f"recordings, or more of them"
        )
