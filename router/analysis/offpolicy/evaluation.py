"""The whole answer: decisions and lessons in, every estimate with its interval and a verdict out.

Owns the order: cross-fit, terms of each decision, sums of each parent, resamples, verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import IntEnum

import numpy as np

from router.analysis.offpolicy.bootstrap import Bootstrap, Estimate, Statistic, ratio
from router.analysis.offpolicy.crossfit import CrossFit
from router.analysis.offpolicy.estimators import (
    Terms,
    earned,
    effective_size,
    known_shares,
    reference_markout,
    terms,
    worth_of,
)
from router.analysis.offpolicy.logged import IntArray, Logged, Taught
from router.analysis.offpolicy.prefix import prefix_terms
from router.analysis.offpolicy.propensity import Purpose, stream
from router.analysis.offpolicy.verdict import Support, Verdict, judge
from router.ports import FloatArray, Learner

NO_TERMS = Terms(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""Of a decision that was not drawn."""


class _Sum(IntEnum):
    """Columns of a parent's sums: prefix, then drawn decisions, then the fields of `Terms`."""

    SHARE = 0
    PREFIX_TARGET = 1
    PREFIX_LOGGED = 2
    DRAWN = 3
    LOGGED = 4
    MODEL = 5
    CORRECTED = 6
    WEIGHTED = 7
    WEIGHT = 8
    LOTS = 9
    CLIPPED = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """The target beside what was logged, on the same decisions; bp times lots a decision."""

    logged: Estimate | None
    target: Estimate | None
    difference: Estimate | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the log says of the target. An estimate is None where there is nothing to estimate."""

    decisions: int
    parents: int
    days: int
    due_lots: float
    """Lots to place in a decision, on average."""
    reference_bp: float
    """The mean markout that all markouts count against."""
    known_share: float
    """Of the lots that were placed, those whose outcome is known."""
    within: float
    """Decisions within the prefix; a part of one if the target draws."""
    prefix: Comparison
    doubly_robust: Comparison
    """Over the drawn decisions."""
    self_normalised: Estimate | None
    model: Estimate | None
    support: Support
    verdict: Verdict


def evaluate(
    decisions: Sequence[Logged], lessons: Sequence[Taught], model: Learner, *, seed: int
) -> Evaluation:
    """Evaluate the target whose draws the decisions hold. `model` gives tails and values.

    Raises:
        ValueError: if there is no decision.
    """
    if not decisions:
        raise ValueError("there is no decision to evaluate")
    reference = reference_markout(decisions)
    sums, days = _sums(decisions, lessons, model, reference)
    boot = Bootstrap(sums, days, stream(seed, Purpose.RESAMPLES))
    total = boot.totals
    support = Support(
        drawn=int(total[_Sum.DRAWN]),
        effective_parents=effective_size(sums[:, _Sum.WEIGHT]),
        clipped_share=_share(total[_Sum.CLIPPED], total[_Sum.LOTS]),
        prefix_parents=int(np.count_nonzero(sums[:, _Sum.SHARE])),
    )
    due = sum(each.request.lots for each in decisions)
    placed = sum(int(each.placed.sum()) for each in decisions)
    known = sum(int(each.known.sum()) for each in decisions)
    return Evaluation(
        decisions=len(decisions),
        parents=len(sums),
        days=len(np.unique(days)),
        due_lots=due / len(decisions),
        reference_bp=reference,
        known_share=_share(known, placed),
        within=float(total[_Sum.SHARE]),
        prefix=_compared(boot, _Sum.PREFIX_LOGGED, _Sum.PREFIX_TARGET, _Sum.SHARE),
        doubly_robust=_compared(boot, _Sum.LOGGED, _Sum.CORRECTED, _Sum.DRAWN),
        self_normalised=boot.estimate(_self_normalised),
        model=boot.estimate(_mean(_Sum.MODEL, _Sum.DRAWN)),
        support=support,
        verdict=judge(support),
    )


def _sums(
    decisions: Sequence[Logged], lessons: Sequence[Taught], model: Learner, reference_bp: float
) -> tuple[FloatArray, IntArray]:
    """(P, C) what each parent adds, and (P,) the day of its first decision."""
    models = CrossFit(model, decisions, lessons)
    told = known_shares(decisions)
    row: dict[str, int] = {}
    days: list[int] = []
    for each in decisions:
        if each.parent_id not in row:
            row[each.parent_id] = len(days)
            days.append(each.day)
    sums = np.zeros((len(days), len(_Sum)))
    for each in decisions:
        fitted = models.fitted(each)
        worth = worth_of(each, fitted, reference_bp)
        logged = earned(each, fitted, worth)
        prefix = prefix_terms(each, worth, logged)
        drawn = terms(each, fitted, worth, told) if each.is_drawn else NO_TERMS
        of_drawn = (1.0, logged) if each.is_drawn else (0.0, 0.0)
        sums[row[each.parent_id]] += (*astuple(prefix), *of_drawn, *astuple(drawn))
    return sums, np.array(days, dtype=np.int64)


def _compared(boot: Bootstrap, logged: _Sum, target: _Sum, count: _Sum) -> Comparison:
    return Comparison(
        logged=boot.estimate(_mean(logged, count)),
        target=boot.estimate(_mean(target, count)),
        difference=boot.estimate(
            lambda sums: ratio(sums[..., target] - sums[..., logged], sums[..., count])
        ),
    )


def _mean(total: _Sum, count: _Sum) -> Statistic:
    return lambda sums: ratio(sums[..., total], sums[..., count])


def _self_normalised(sums: FloatArray) -> FloatArray:
    """Weighted earnings a lot, times lots a decision (Swaminathan & Joachims 2015)."""
    a_lot = ratio(sums[..., _Sum.WEIGHTED], sums[..., _Sum.WEIGHT])
    return np.asarray(a_lot * ratio(sums[..., _Sum.LOTS], sums[..., _Sum.DRAWN]))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
