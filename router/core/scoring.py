"""What each candidate is expected to give: the request to a learner, and its answer.

Owns what a fill is worth to a patient or an urgent order, and whose scores count: those of the
policy's learner, or the fallback's. Must not know shares, caps or rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from router.core.chance import chance
from router.core.environment import Environment
from router.core.features import cost_bp
from router.core.foresight import Foreseen, drifted
from router.core.patience import urge, within
from router.core.rewards import INTERVAL_NS, rests
from router.core.sending import Scene, slice_end
from router.core.shelf import learner_key
from router.core.state import State
from router.messages import UrgencyNote
from router.model import BP
from router.ports import Candidate, FloatArray, MarketView, ScoreRequest, Scores

MODEL_REFUSED = "MODEL_REFUSED"
"""The fallback scores: the learner's model file was refused, and it has learned nothing here."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a decision goes by."""

    request: ScoreRequest
    scores: Scores
    learner: str
    """The key of the learner whose scores they are."""
    fallback: str = ""
    """Why they are the fallback's, if they are for a reason that is told here: a code."""
    urgency: UrgencyNote | None = None
    """Where the request's u(x) comes from; None: from the algo's urgency alone."""


def urgency_bp(urgency: float, market: MarketView) -> float:
    """u(x): what it costs not to fill a share now, bp of the mid (learning.md section 2).

    A choice until the urgency table is learned: half a half-spread when patient, so that only
    providing and midpoints are worth it; at urgency 1 two and a half half-spreads and 5 bp, so
    that taking at the touch with its fee is worth it everywhere.
    """
    mid2 = market.mid2
    if not mid2:
        return 5.0 * urgency
    half_spread = BP * max(0, market.offer - market.bid) / mid2
    return half_spread * (0.5 + 2.0 * urgency) + 5.0 * urgency * urgency


def score(
    env: Environment,
    state: State,
    seq: int,
    now: int,
    scene: Scene,
    found: Sequence[Candidate],
    matrix: FloatArray,
    foreseen: Foreseen,
) -> Scored:
    """The scores of the policy's learner; the fallback's if they are not finite (F-30), or if the
    learner's model was refused and it knows nothing else."""
    side, mid2, lot = scene.view.side, scene.market.mid2, scene.instrument.lot
    costs = [cost_bp(each, side, mid2) for each in found]
    urgency, note = urge(
        (band := scene.policy.urgency),
        env.urgency_tables.get(band.table) if band else None,
        now,
        scene,
        matrix,
        lambda urgency: urgency_bp(urgency, scene.market),
    )
    request = ScoreRequest(
        symbol=scene.view.symbol,
        arms=tuple(each.arm.key for each in found),
        features=matrix,
        cost_bp=np.array(costs, dtype=np.float64),
        displayed_lots=np.array([each.displayed / lot for each in found], dtype=np.float64),
        lots=scene.lots,
        urgency_bp=within(note, drifted(urgency, foreseen.drift_bp, scene.due.urgency)),
        participation=scene.view.leaves_qty / max(1, scene.qty),
        child_lots=scene.instrument.child_lots,
        intervals=rests([each.arm.key for each in found], rest_intervals(env, scene, now)),
    )
    chosen = learner_key(scene.policy.learner, scene.policy.learner_params)
    fallback = MODEL_REFUSED if state.shelf.blind(chosen) else ""
    for key in (env.fallback_learner,) if fallback else (chosen, env.fallback_learner):
        learner, arrays = state.shelf.get(key)
        rng = chance(env.seed, seq, scene.parent.parent_id)
        scores = learner.score(arrays, request, rng)
        if np.isfinite(scores.tails).all() and np.isfinite(scores.values).all():
            return Scored(request, scores, key, fallback, note)
    raise AssertionError("the fallback learner's scores are not finite")


def rest_intervals(env: Environment, scene: Scene, now: int) -> int:
    """For how many intervals a child that rests would."""
    return max(1, (slice_end(env, scene, now) - now) // INTERVAL_NS)
