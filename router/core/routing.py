"""One decision: a parent's due quantity becomes children.

The order is fixed: algo, candidates, rules, learner, allocator, limits. Owns that order and the
record of it, from which `sluice why` answers. Knows no plug-in by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from router.core.candidates import candidates
from router.core.environment import Environment, Policy
from router.core.exploring import Choice, Room, Split, choose, meant, split
from router.core.features import FEATURE_VERSION, FEATURES, features
from router.core.foresight import foresee
from router.core.intake import make_algo
from router.core.ledger import Ledger, key_of
from router.core.narrowing import Narrowed, narrow
from router.core.orders import Parent
from router.core.scoring import Scored, rest_intervals, score
from router.core.sending import Scene, send
from router.core.state import State
from router.core.views import parent_view
from router.messages import CandidateRecord, CapNote, Command, Decide, Safety, Wait
from router.model import NS, PX_SCALE, RESTING_TACTICS, Tactic, TimeInForce
from router.ports import Candidate, Refusal, RuleContext, ScoreRequest

RETRY_NS = NS
"""How soon a parent that could not be routed is looked at again, at the latest."""

IMMEDIATE = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def route(
    env: Environment, state: State, seq: int, now: int, parent: Parent, policy: Policy
) -> Iterator[Command]:
    """Ask the algo, decide, and send; or wait, and say for what."""
    blocked = _blocked(env, state, now, parent)
    if blocked is not None:
        yield Wait(parent.parent_id, *blocked, parent.volume)
        return
    view = parent_view(parent, state.market.mid2(parent.terms.symbol))
    volume = traded_since_start(state, parent)
    market = state.market.view(view.symbol, now, state.market.volume(view.symbol) - volume)
    algo = make_algo(env, parent.algo, parent.algo_params)
    assert not isinstance(algo, Refusal), "parameters were checked when the parent was opened"
    due = algo.due(view, market, now)
    qty = min(due.qty, view.free_qty)
    if qty <= 0:
        yield Wait(parent.parent_id, due.next_at, "NOTHING_DUE", volume)
        return
    if now < parent.algo_at and parent.rounds >= env.routing.reroutes_max:
        yield Wait(parent.parent_id, max(now + 1, parent.algo_at), "REROUTES_MAX", volume)
        return
    instrument = env.instruments[view.symbol]
    lots = min(-(-qty // instrument.lot), env.routing.lots_max)
    scene = Scene(
        parent=parent,
        view=view,
        instrument=instrument,
        market=market,
        policy=policy,
        due=due,
        qty=min(qty, lots * instrument.lot),
        lots=lots,
        volume=volume,
        next_at=max(due.next_at, now + 1),
    )
    yield from _decide(env, state, seq, now, scene)


def _blocked(env: Environment, state: State, now: int, parent: Parent) -> tuple[int, str] | None:
    """Why nothing new may be sent for the parent, and until when."""
    if parent.frozen:
        return now + 3600 * NS, f"FROZEN: {parent.frozen}"
    if parent.suspended:
        return now + 3600 * NS, "KILL_ENGAGED"
    if parent.pending is not None:
        return now + RETRY_NS, "ORDER_PENDING"
    return None


def traded_since_start(state: State, parent: Parent) -> int:
    """Market volume since the parent's start, shares. It goes on where a restart left it."""
    seen = state.market.volume(parent.terms.symbol)
    start = state.volume_marks.setdefault(parent.parent_id, seen - parent.volume)
    return max(parent.volume, seen - start)


def _decide(env: Environment, state: State, seq: int, now: int, scene: Scene) -> Iterator[Command]:
    found = _candidates(env, state, now, scene)
    narrowed = _narrowed(env, scene, found, now)
    symbol, side = scene.view.symbol, scene.view.side
    foreseen = foresee(env.foresight, state.watch, symbol, side, scene.market, now)
    matrix = features(
        scene.view, found, state.market, scene.instrument, now, state.fill_ratio, foreseen.signal
    )
    caps = [each.cap for each in narrowed]
    scored = score(env, state, seq, now, scene, found, caps, matrix, foreseen)
    choice = _chosen(state, now, scene, found, narrowed, scored)
    quantities, learner = choice.split.quantities, choice.learner
    yield Decide(
        parent_id=scene.parent.parent_id,
        due_qty=scene.qty,
        urgency=scene.due.urgency,
        lot=scene.instrument.lot,
        mid=scene.market.mid2,
        volume=scene.volume,
        next_at=scene.next_at,
        features=FEATURES,
        feature_version=FEATURE_VERSION,
        learner=learner,
        learner_version=state.shelf.versions[learner],
        policy_hash=scene.policy.hash,
        candidates=_records(found, narrowed, scored.request, choice.split),
        reason=_reason(env, state, scene, narrowed, quantities),
        urgency_bp=scored.request.urgency_bp,
        child_lots=scored.request.child_lots,
        intervals=rest_intervals(env, scene, now),
        drift_bp=foreseen.drift_bp,
        predictor=foreseen.predictor,
        urgency_note=scored.urgency,
        impact_bp=scored.request.impact_bp,
        footprint_bp=choice.split.scores.footprint_bp,
        rounds=scored.request.rounds,
        wait_bp=choice.split.scores.wait_bp,
        safety=choice.safety,
    )
    for i, qty in enumerate(quantities):
        if qty > 0:
            fresh = narrowed[i]
            if scene.parent.working_qty != scene.view.working_qty:
                # What the decision has sent already counts in rules that bound a sum.
                scene = replace(scene, view=parent_view(scene.parent, scene.market.mid2))
                fresh = _narrowed(env, scene, [found[i]], now)[0]
            if min(qty, fresh.cap) >= max(1, fresh.min_qty):
                yield from send(env, state, seq, now, scene, found[i], fresh, min(qty, fresh.cap))


def _reason(
    env: Environment,
    state: State,
    scene: Scene,
    narrowed: Sequence[Narrowed],
    quantities: Sequence[int],
) -> str:
    """Why nothing is sent, if nothing is."""
    if any(quantities):
        return ""
    if not narrowed:
        symbol = scene.view.symbol
        halted = all(state.market.halted(symbol, mic) for mic in env.venues)
        return "HALTED" if halted else "NO_CANDIDATE"
    if not any(each.cap for each in narrowed):
        return "NARROWED_TO_NOTHING"
    return "NOT_WORTH_IT"


# -- candidates and rules ------------------------------------------------------------------------


def _candidates(env: Environment, state: State, now: int, scene: Scene) -> list[Candidate]:
    asked = {ask.mic for ask in state.asks.values() if ask.parent_id == scene.parent.parent_id}
    if now < scene.parent.algo_at:
        asked.update(scene.parent.unanswered)
    at_once = scene.view.time_in_force in IMMEDIATE
    found = candidates(
        scene.view,
        scene.instrument,
        tuple(env.venues.values()),
        state.market,
        now,
        open_mics=_allowed_mics(state),
        asked=asked,
        tactics=_AT_ONCE if at_once else _ANY,
    )
    if at_once or scene.due.urgency < 1.0:
        return found
    # At full urgency nothing rests, as long as there is something shown to take.
    now_or_never = [each for each in found if each.tactic not in RESTING_TACTICS]
    return now_or_never if any(each.displayed for each in now_or_never) else found


_ANY = frozenset(Tactic)
_AT_ONCE = _ANY - RESTING_TACTICS - {Tactic.DEALER_RFQ}
"""Of an order that is immediate or cancelled: it can neither rest nor wait for an answer."""


def _allowed_mics(state: State) -> set[str]:
    """Venues that are logged on, reconciled and not killed."""
    killed = {kill.value for kill in state.kills.values() if kill.scope == "venue"}
    return set(state.open_mics()) - killed


def _narrowed(
    env: Environment, scene: Scene, found: Sequence[Candidate], now: int
) -> list[Narrowed]:
    context = RuleContext(
        now=now,
        parent=scene.view,
        instrument=scene.instrument,
        market=scene.market,
        due_qty=scene.qty,
        urgency=scene.due.urgency,
    )
    return [
        _venue_minimum(env, scene, each, narrow(each, scene.policy.rules, context))
        for each in found
    ]


def _venue_minimum(
    env: Environment, scene: Scene, candidate: Candidate, narrowed: Narrowed
) -> Narrowed:
    """A midpoint child also keeps the order's own MinQty(110) and the venue's minimum size."""
    if candidate.tactic is not Tactic.DARK_MID:
        return narrowed
    least = max(narrowed.min_qty, scene.view.min_qty, env.venues[candidate.arm.mic].min_qty)
    if narrowed.cap >= least:
        return replace(narrowed, min_qty=least)
    note = CapNote("minimum size", 0, f"{narrowed.cap} is below MinQty {least}")
    caps = (*narrowed.caps, note) if narrowed.cap else narrowed.caps
    return replace(narrowed, cap=0, caps=caps, min_qty=least)


# -- shares --------------------------------------------------------------------------------------


def _chosen(
    state: State,
    now: int,
    scene: Scene,
    found: Sequence[Candidate],
    narrowed: Sequence[Narrowed],
    scored: Scored,
) -> Choice:
    """The split within budget and gate, and its record; for FOK no learner has a say."""
    notional = scene.qty * scene.market.mid2 / (2 * PX_SCALE)
    room = Room(narrowed, scene.qty, scene.instrument.lot, notional)
    if scene.view.time_in_force is TimeInForce.FOK:
        own = split(meant(scored.scores), room)
        own.quantities[:] = _all_or_none(scene, found, narrowed)
        return Choice(own, Safety(explored=False, notional=notional), scored.learner)
    ledger = state.ledgers.get(key_of(scene.view.account, now)) or Ledger()
    return choose(scored, room, ledger, scene.policy.exploration)


def _all_or_none(
    scene: Scene, found: Sequence[Candidate], narrowed: Sequence[Narrowed]
) -> list[int]:
    """FOK: one venue that shows the whole quantity, or nothing. Two could fill half each."""
    want = scene.view.free_qty
    for i, each in enumerate(found):
        if each.displayed >= want and narrowed[i].cap >= want:
            return [want if j == i else 0 for j in range(len(found))]
    return [0] * len(found)


_PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def _records(
    found: Sequence[Candidate],
    narrowed: Sequence[Narrowed],
    request: ScoreRequest,
    split: Split,
) -> tuple[CandidateRecord, ...]:
    scores = split.scores
    at = [j - 1 for j in _PROBES if j <= scores.tails.shape[1]]
    rows, costs = request.features.tolist(), request.cost_bp.tolist()
    values = scores.values.tolist()
    tails, mean_tails = scores.tails[:, at].tolist(), scores.mean_tails[:, at].tolist()
    return tuple(
        CandidateRecord(
            arm=candidate.arm.key,
            price=candidate.price,
            displayed=candidate.displayed,
            cap=narrowed[i].cap,
            caps=narrowed[i].caps,
            min_qty=narrowed[i].min_qty,
            floor=narrowed[i].floor,
            features=tuple(rows[i]),
            cost_bp=costs[i],
            value_bp=values[i],
            tail=tuple(tails[i]),
            tail_mean=tuple(mean_tails[i]),
            qty=split.quantities[i],
            marginal_bp=split.allocation.marginal_bp[i],
        )
        for i, candidate in enumerate(found)
    )
