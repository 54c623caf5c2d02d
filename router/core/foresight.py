"""What the predictor has to say at a decision, and what that is worth to an order.

Owns the way from probabilities to a drift in bp and to the column of alternative data, and what a
drift does to u(x). Must not know how the features were kept, nor how the model was trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from router.core.features import Signal
from router.core.predictor import Model
from router.core.watch import Watch
from router.model import BP, Side
from router.ports import MarketView

SOURCE = "predictor"
"""`Signal.source_id` of what it says."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """A trained predictor, and what it is asked for."""

    model: Model
    move_spreads: float
    """How far the mid goes when it moves: the mean over the days that were learned from."""
    sha256: str
    """Of the file that it came from."""
    drift: bool = True
    """Whether what it expects enters u(x)."""
    feature: bool = False
    """Whether it is a column of the context vector."""


class Foreseen(msgspec.Struct, frozen=True):
    """What was said at a decision."""

    predictor: str = ""
    """sha256 of the file; empty where there is no predictor."""
    drift_bp: float = 0.0
    """The expected move of the mid, bp, + is away from the order; 0 if nothing was said."""
    signal: Signal | None = None


NOTHING = Foreseen()


def foresee(
    foresight: Foresight | None, watch: Watch, symbol: str, side: Side, market: MarketView, now: int
) -> Foreseen:
    """Ask the predictor, if there is one and the market is known well enough.

    drift = a * (P(up) - P(down)) * mean move in spreads * spread in bp, a = +1 to a buyer and -1 to
    a seller.
    """
    if foresight is None:
        return NOTHING
    raw = watch.vector(symbol, now)
    if raw is None or not market.mid2:
        return Foreseen(foresight.sha256)
    told = foresight.model.predict(raw[None, :])[0].tolist()
    leaning = told[-1] - told[0]
    spread_bp = 2 * BP * max(0, market.offer - market.bid) / market.mid2
    drift_bp = side.sign * leaning * foresight.move_spreads * spread_bp
    signal = Signal(symbol, leaning, 1.0, now, now, SOURCE)
    return Foreseen(
        foresight.sha256,
        drift_bp if foresight.drift else 0.0,
        signal if foresight.feature else None,
    )


def drifted(urgency_bp: float, drift_bp: float, urgency: float) -> float:
    """u(x) with the drift: who waits pays what the price has gone away, and gains what it comes.

    What comes is waited for the less the less time is left: at urgency 1 not at all. Never below 0.
    """
    if drift_bp < 0.0:
        drift_bp *= 1.0 - urgency
    return max(0.0, urgency_bp + drift_bp)
