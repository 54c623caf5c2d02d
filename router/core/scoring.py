"""What each candidate is expected to give: the request to a learner, and its answer.

Owns what a fill is worth to a patient or an urgent order, and whose scores count: those of the
policy's learner, or the fallback's with the reason, and a champion's beside them. Must not know
rules, only what caps they have left, nor how scores become a split.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from math import isfinite, sqrt

import msgspec
import numpy as np

from router.core.chance import chance
from router.core.environment import Environment
from router.core.features import cost_bp
from router.core.foresight import Foreseen, drifted
from router.core.patience import urge, within
from router.core.rewards import INTERVAL_NS, queue_lots, rests
from router.core.sending import Scene, slice_end
from router.core.shelf import learner_key
from router.core.state import State
from router.messages import UrgencyNote
from router.model import BP, Exploration
from router.ports import Candidate, FloatArray, MarketView, ScoreRequest, Scores

ROUNDS_MAX = 1000
"""Of children that rest one after the other: more are as good as without an end."""

NO_SCORES = (ArithmeticError, LookupError, ValueError, np.linalg.LinAlgError)
"""What arithmetic raises of a state that no scores can be made of."""


class HeldBack(StrEnum):
    """Why a learner's own proposal was not taken."""

    NOT_AT_ALL = ""
    OPTED_OUT = "OPTED_OUT"
    """The policy allows no exploring: the mean."""
    FROZEN = "FROZEN"
    """An operator has frozen the learner: the mean."""
    BUDGET_SPENT = "BUDGET_SPENT"
    """The draw costs more than is left: the mean."""
    GATE = "GATE"
    """The draw, or the mean, is not surely good enough beside the champion: the champion."""
    NOT_FINITE = "NOT_FINITE"
    """The learner's scores are not numbers, or none could be made: the fallback."""
    STALE_FEATURES = "STALE_FEATURES"
    """The market is as it was too long ago: the fallback."""
    NO_MARKET = "NO_MARKET"
    """There is no midpoint: the fallback."""
    MODEL_REFUSED = "MODEL_REFUSED"
    """The learner's model file was refused, and it has learned nothing here: the fallback."""


class Scored(msgspec.Struct, frozen=True):
    """What a decision goes by."""

    request: ScoreRequest
    scores: Scores
    learner: str
    """The key of the learner whose scores they are."""
    proposer: str
    """The key of the policy's learner."""
    held_back: HeldBack
    """Why they are the fallback's, or may not be explored with; NOT_AT_ALL: neither."""
    champion: str = ""
    """The key of the champion, if the policy names one and scores are compared with its."""
    champion_scores: Scores | None = None
    urgency: UrgencyNote | None = None
    """Where the request's u(x) comes from; None: from the algo's urgency alone."""


def urgency_bp(urgency: float, market: MarketView) -> float:
    """u(x): what it costs not to fill a share now, bp of the mid (docs/hazard.md).

    A choice, where the policy names no urgency table: half a half-spread when patient, so that only
    providing and midpoints are worth it; at urgency 1 two and a half half-spreads and 5 bp, so
    that taking at the touch with its fee is worth it everywhere.
    """
    mid2 = market.mid2
    if not mid2:
        return 5.0 * urgency
    half_spread = BP * max(0, market.offer - market.bid) / mid2
    return half_spread * (0.5 + 2.0 * urgency) + 5.0 * urgency * urgency


def impact_bp(market: MarketView, lot: int) -> float:
    """The scale of what a lot that is taken costs the rest, bp: h / sqrt(D); 0 without a market.

    h is half the spread and D the depth at the touch in lots (docs/hazard.md says why its root).
    """
    mid2 = market.mid2
    if not mid2:
        return 0.0
    half_spread = BP * max(0, market.offer - market.bid) / mid2
    depth = (market.bid_qty + market.offer_qty) / (2 * lot)
    return half_spread / sqrt(max(1.0, depth))


def score(
    env: Environment,
    state: State,
    seq: int,
    now: int,
    scene: Scene,
    found: Sequence[Candidate],
    caps: Sequence[int],
    matrix: FloatArray,
    foreseen: Foreseen,
) -> Scored:
    """The scores of the policy's learner; the fallback's if it cannot judge (F-30).

    `caps` is what rules have left of each candidate, shares.
    """
    request, note = _request(env, now, scene, found, caps, matrix, foreseen)
    answer = partial(Scored, request, urgency=note)

    def ask(key: str) -> Scores | None:
        """None if it has no model, or what it says is not finite, or it cannot say anything."""
        if state.shelf.blind(key):
            return None
        learner, arrays = state.shelf.get(key)
        drawn = chance(env.seed, seq, scene.parent.parent_id)
        try:
            scores = learner.score(arrays, request, drawn)
        except NO_SCORES:
            return None
        return scores if _finite(scores) else None

    def fall_back() -> Scores:
        scores = ask(env.fallback_learner)
        assert scores is not None, "the fallback learner's scores are not finite"
        return scores

    key = learner_key(scene.policy.learner, scene.policy.learner_params)
    blind = _blind(env, state, scene, key, found)
    scores = None if blind else ask(key)
    if scores is None:
        why = blind or HeldBack.NOT_FINITE
        return answer(fall_back(), env.fallback_learner, key, why)
    bounds = scene.policy.exploration
    held_back = HeldBack.NOT_AT_ALL
    if scores.mean_values is not None:
        held_back = HeldBack.FROZEN if state.is_frozen(key) else held_back
        held_back = held_back if bounds.allowed else HeldBack.OPTED_OUT
    champion = champion_key(bounds)
    if champion in ("", key):
        return answer(scores, key, key, held_back)
    rival = ask(champion)
    if rival is None:
        return answer(scores, key, key, held_back, env.fallback_learner, fall_back())
    return answer(scores, key, key, held_back, champion, rival)


def champion_key(bounds: Exploration) -> str:
    """The key of the learner that the gate compares with; empty: the learner's own mean."""
    if not bounds.allowed or bounds.give_up is None or not bounds.champion:
        return ""
    return learner_key(bounds.champion, bounds.champion_params)


def _blind(
    env: Environment, state: State, scene: Scene, key: str, found: Sequence[Candidate]
) -> HeldBack:
    """Why a learner has nothing to judge by: no model, no market, or an old one."""
    if state.shelf.blind(key):
        return HeldBack.MODEL_REFUSED
    if not found:
        return HeldBack.NOT_AT_ALL
    if not scene.market.mid2:
        return HeldBack.NO_MARKET
    if scene.market.age_ns > env.routing.features_stale_ns:
        return HeldBack.STALE_FEATURES
    return HeldBack.NOT_AT_ALL


def _finite(scores: Scores) -> bool:
    """True if there is no NaN and no infinity in what is acted on."""
    parts = (scores.tails, scores.mean_tails, scores.values, scores.mean_values)
    bounds = (scores.low_tails, scores.low_values)
    total = np.add.reduce
    return all(isfinite(total(part, axis=None)) for part in (*parts, *bounds) if part is not None)


def _request(
    env: Environment,
    now: int,
    scene: Scene,
    found: Sequence[Candidate],
    caps: Sequence[int],
    matrix: FloatArray,
    foreseen: Foreseen,
) -> tuple[ScoreRequest, UrgencyNote | None]:
    side, mid2, lot = scene.view.side, scene.market.mid2, scene.instrument.lot
    arms = tuple(each.arm.key for each in found)
    costs = [cost_bp(each, side, mid2) for each in found]
    urgency, note = urge(
        (band := scene.policy.urgency),
        env.urgency_tables.get(band.table) if band else None,
        now,
        scene,
        matrix,
        lambda urgency: urgency_bp(urgency, scene.market),
    )
    bounds = scene.policy.exploration
    request = ScoreRequest(
        symbol=scene.view.symbol,
        arms=arms,
        features=matrix,
        cost_bp=np.array(costs, dtype=np.float64),
        displayed_lots=np.array([each.displayed / lot for each in found], dtype=np.float64),
        lots=scene.lots,
        urgency_bp=within(note, drifted(urgency, foreseen.drift_bp, scene.due.urgency)),
        participation=scene.view.leaves_qty / max(1, scene.qty),
        child_lots=scene.instrument.child_lots,
        intervals=rests(arms, rest_intervals(env, scene, now)),
        bounds=bounds.allowed and bounds.give_up is not None,
        impact_bp=impact_bp(scene.market, lot),
        patience=1.0 - scene.due.urgency,
        queue_lots=queue_lots(arms, caps, lot),
        rounds=rest_rounds(env, scene, now),
    )
    return request, note


def rest_intervals(env: Environment, scene: Scene, now: int) -> int:
    """For how many intervals a child that rests would."""
    return max(1, (slice_end(env, scene, now) - now) // INTERVAL_NS)


def rest_rounds(env: Environment, scene: Scene, now: int) -> float:
    """How many children that rest could follow one another before the schedule or the order ends.

    Without an end there are `ROUNDS_MAX`.
    """
    ends = (at for at in (scene.parent.end_time, scene.parent.expire_at) if at > now)
    left = min(ends, default=now + ROUNDS_MAX * env.routing.slice_ns) - now
    return min(float(ROUNDS_MAX), left / env.routing.slice_ns)
