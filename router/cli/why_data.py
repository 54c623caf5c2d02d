"""A decision made again, as JSON for `sluice why --json`.

Owns the keys of `beliefs` and `recomputed`. Not a command.
"""

from __future__ import annotations

import msgspec

from router.analysis import contrast
from router.analysis.beliefs import BAND, DRAWS, Beliefs
from router.analysis.explain import Decision
from router.cli.why_again import Again
from router.ports import FloatArray


def recomputed_data(again: Again) -> dict[str, object] | None:
    """What deciding it again came to; None if it was not asked for."""
    found = again.recomputation
    if found is None:
        return None
    return {
        "outcome": found.outcome.value,
        "reason": found.reason,
        "commands": found.commands,
        "fields": found.fields,
        "differences": [
            {
                "field": each.field,
                "recorded": msgspec.to_builtins(each.recorded),
                "decided": msgspec.to_builtins(each.decided),
            }
            for each in found.unlike
        ],
        "strayed_at": found.strayed or None,
    }


def beliefs_data(decision: Decision, again: Again) -> dict[str, object]:
    """Curves and values with their bands, in the order of the candidates; sizes in shares."""
    told: dict[str, object] = {"band": BAND, "draws": DRAWS, "no_band": again.no_band}
    beliefs = again.beliefs
    if beliefs is None:
        return {**told, "arms": []}
    lots = [j for j in contrast.PROBES if j <= beliefs.tails.shape[1]]
    shares = [j * decision.decide.lot for j in lots]
    arms = [
        {
            "arm": arm,
            "value_bp": _value(beliefs, i),
            "curve": {"shares": shares, **_curve(beliefs, i, [j - 1 for j in lots])},
        }
        for i, arm in enumerate(beliefs.arms)
    ]
    return {**told, "free_qty": beliefs.free_qty, "arms": arms}


def _value(beliefs: Beliefs, i: int) -> dict[str, object]:
    band = beliefs.value_band
    return {
        "drawn": float(beliefs.values[i]),
        "mean": float(beliefs.mean_values[i]),
        "low": None if band is None else float(band.low[i]),
        "high": None if band is None else float(band.high[i]),
    }


def _curve(beliefs: Beliefs, i: int, places: list[int]) -> dict[str, object]:
    band = beliefs.tail_band

    def at(curves: FloatArray) -> list[float]:
        return [float(each) for each in curves[i, places]]

    return {
        "drawn": at(beliefs.tails),
        "mean": at(beliefs.mean_tails),
        "low": None if band is None else at(band.low),
        "high": None if band is None else at(band.high),
    }
