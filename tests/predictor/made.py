"""Days and samples for the predictor's tests: by hand, by chance, and from the simulated market."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from router.cli.train_tapes import read_tape
from router.core.observed import FEATURES
from router.core.predictor import CLASSES, IsotonicMap, Layers, Model, Scaler
from router.model import NS
from router.ports import FloatArray, IntArray
from router.predictor.file import Card, Predictor
from router.predictor.samples import Samples, Tape
from tests.venues.simulated import spec_of
from venues.facts.targets import scope_of
from venues.recorder import record

Quote = tuple[float, int, int, int, int]
"""Second, bid, shares bid, offer, shares offered."""
Trade = tuple[float, int, int, int]
"""Second, price, shares, sign of the aggressor."""

CLOSE = "12:00:00"
"""Of the recorded morning: long enough to walk through, short enough to play."""


def chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def ints(values: object) -> IntArray:
    return np.array(values, np.int64)


def tape(
    quotes: Sequence[Quote], trades: Sequence[Trade] = (), *, at: Sequence[float], close: float
) -> Tape:
    """A day of these rows, times in seconds after midnight."""
    quoted = np.array(quotes, np.float64).reshape(-1, 5).T
    traded = np.array(trades, np.float64).reshape(-1, 4).T
    _, bid, bid_qty, offer, offer_qty = map(ints, quoted)
    _, px, qty, sign = map(ints, traded)
    return Tape(
        name="day",
        at=_ns(at),
        close_ns=round(close * NS),
        lot=100,
        quote_ns=_ns(quoted[0]),
        bid=bid,
        bid_qty=bid_qty,
        offer=offer,
        offer_qty=offer_qty,
        trade_ns=_ns(traded[0]),
        px=px,
        qty=qty,
        sign=sign,
    )


def _ns(seconds: object) -> IntArray:
    return ints(np.round(np.asarray(seconds, np.float64) * NS))


def recorded_morning(folder: Path, seed: int) -> tuple[Path, Path]:
    """A morning of the simulated market: the prefix of its tables, and its market file."""
    spec = spec_of(folder, {"session.end": CLOSE})
    return record(spec, seed, folder), folder / "changed.yaml"


def morning_tape(folder: Path, seed: int) -> Tape:
    prefix, _ = recorded_morning(folder, seed)
    return read_tape(prefix, scope_of(spec_of(folder, {"session.end": CLOSE})))


def by_hand(horizon: str = "next", *, move_spreads: float = 0.5, **weights: float) -> Predictor:
    """Logistic regression of raw features with these weights; of three classes `flat` has odds 1.

    Its maps tell probabilities as they are, between 0.001 and 0.999.
    """
    columns = 1 if len(CLASSES[horizon]) == 2 else 3
    weight = np.zeros((len(FEATURES), columns))
    for name, value in weights.items():
        weight[FEATURES.index(name), -1] = value
        weight[FEATURES.index(name), 0] = value if columns == 1 else -value
    ends = np.array([0.001, 0.999])
    model = Model(
        Scaler(np.zeros(len(FEATURES)), np.ones(len(FEATURES))),
        Layers((weight,), (np.zeros(columns),)),
        (IsotonicMap(ends, ends),) * columns,
    )
    card = Card(
        kind="logistic", horizon=horizon, days=("made",), from_ns=0, until_ns=0, rows=1,
        move_spreads=move_spreads, latency_ns=0, seed=0, scikit_learn="",
    )  # fmt: skip
    return Predictor(card, model)


def samples(horizon: str, *, rows: int = 4_000, seed: int = 1, step_s: int = 10) -> Samples:
    """Rows of chance with something to learn: the first feature tells, and two more together."""
    rng = chance(seed)
    features: FloatArray = rng.standard_normal((rows, len(FEATURES)))
    leaning = features[:, 0] + np.sign(features[:, 1]) * features[:, 3]
    noisy = leaning + rng.standard_normal(rows)
    borders = (0.0,) if len(CLASSES[horizon]) == 2 else (-0.8, 0.8)
    features[rng.random((rows, len(FEATURES))) < 0.01] = np.nan
    at = ints(np.arange(rows) * step_s * NS)
    target = ints(np.digitize(noisy, borders))
    return Samples(horizon, at, at + NS, features, target, noisy, ("made",))
