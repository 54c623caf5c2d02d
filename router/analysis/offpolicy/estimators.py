"""What one decision says of the target: with weights, with a model, and with both.

Owns the formulas of docs/evaluation.md. A reward is in bp of the decision's mid times lots:
sum over filled lots of val_i, where val_i = u - cost_i - (markout_i - reference) for what was seen
to fill, and the model's value where nothing was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from router.analysis.offpolicy.crossfit import Fitted
from router.analysis.offpolicy.logged import Logged, at_least
from router.analysis.offpolicy.propensity import FLOOR, propensities, shares
from router.ports import FloatArray


@dataclass(frozen=True, slots=True)
class Terms:
    """What one decision adds to the sums: bp times lots, or lots."""

    model: float
    """The target's value by the model alone."""
    corrected: float
    """The same, corrected by what was seen: doubly robust."""
    weighted: float
    """Sum of weight times what was seen to be earned."""
    weight: float
    """Sum of weights: over many decisions, about `lots`."""
    lots: float
    """What the target places."""
    clipped: float
    """Of these, lots whose propensity is below the floor, or that nothing can be seen of."""


def terms(
    decision: Logged, fitted: Fitted, worth: FloatArray, known_share: Mapping[str, float]
) -> Terms:
    """The terms of a decision that was drawn; `worth` (K,) as `worth_of` has it.

    With p'_ij = P(a'_i >= j) and the weight w_ij = p'_ij 1{j <= known_i} / (pi_ij q_i):

      model      sum_ij p'_ij T_ij val_i
      corrected  model + sum_ij w_ij (1{r_i >= j} worth_i - T_ij val_i)
      weighted   sum_ij w_ij 1{r_i >= j} worth_i

    (Dudik, Langford & Li 2011; lot by lot docs/evaluation.md, where the correction of the tail
    and that of the value are the two parts of the difference.) pi is floored. q_i is `known_share`
    of the arm: outcomes that were never told are taken as missing at random within it.
    """
    width = decision.request.lots
    target = shares(decision.target_draws, width)
    likely = propensities(decision.draws, width)
    likely[~decision.observable] = 0.0
    told = np.array([known_share.get(arm, 1.0) for arm in decision.request.arms])
    seen = at_least(decision.known, width)
    weight = target * seen / (np.maximum(likely, FLOOR) * told[:, np.newaxis])
    expected = fitted.tails * fitted.values[:, np.newaxis]
    earned = decision.hits * worth[:, np.newaxis]
    model = float((target * expected).sum())
    return Terms(
        model=model,
        corrected=model + float((weight * (earned - expected)).sum()),
        weighted=float((weight * earned).sum()),
        weight=float(weight.sum()),
        lots=float(target.sum()),
        clipped=float(target[likely < FLOOR].sum()),
    )


def earned(decision: Logged, fitted: Fitted, worth: FloatArray) -> float:
    """What the decision itself earned, bp times lots. Lots of unknown outcome count as expected."""
    expected = fitted.tails * fitted.values[:, np.newaxis]
    width = decision.request.lots
    untold = at_least(decision.placed, width) & ~at_least(decision.known, width)
    return float(decision.filled @ worth) + float(expected[untold].sum())


def worth_of(decision: Logged, fitted: Fitted, reference_bp: float) -> FloatArray:
    """(K,) what a filled lot was worth, bp: u - cost - (markout - reference).

    Without a markout it is the model's value: a markout is never imputed as 0.
    """
    asked = decision.request
    seen = asked.urgency_bp - asked.cost_bp - (decision.markout_bp - reference_bp)
    return np.asarray(np.where(np.isfinite(seen), seen, fitted.values))


def reference_markout(decisions: Iterable[Logged]) -> float:
    """The log's mean markout over all venues, weighted by filled lots, bp; 0 if none was seen.

    Own impact moves the mid our way after every fill: what is common to all venues is no merit of
    any (docs/hazard.md).
    """
    total = weight = 0.0
    for each in decisions:
        seen = np.isfinite(each.markout_bp)
        total += float(each.filled[seen] @ each.markout_bp[seen])
        weight += float(each.filled[seen].sum())
    return total / weight if weight else 0.0


def known_shares(decisions: Iterable[Logged]) -> dict[str, float]:
    """By arm: of the lots placed where an outcome can be seen, the share whose outcome is known."""
    placed: dict[str, int] = {}
    known: dict[str, int] = {}
    for each in decisions:
        for i, arm in enumerate(each.request.arms):
            if each.observable[i]:
                placed[arm] = placed.get(arm, 0) + int(each.placed[i])
                known[arm] = known.get(arm, 0) + int(each.known[i])
    return {arm: known[arm] / lots for arm, lots in placed.items() if known[arm]}


def effective_size(weights: FloatArray) -> float:
    """(sum w)^2 / sum w^2 of the parents' weights (Kish 1965); 0 without any."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0
