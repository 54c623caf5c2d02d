"""What each level of patience means in children: which candidates, how many shares, until when.

Owns the levels' meaning. Everything passes the rules and the limits as a router's own children do.
Must not know why a level was chosen, nor what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from router.core.candidates import candidates
from router.core.environment import Environment, Policy
from router.core.features import FEATURE_VERSION, cost_bp
from router.core.narrowing import narrow
from router.core.orders import Parent
from router.core.sending import Scene, send
from router.core.state import State
from router.core.views import parent_view
from router.messages import Command, Decide, SendChild
from router.model import Side, Tactic
from router.patience.steps import Level
from router.ports import Candidate, Due, RuleContext

POST_PACES = 3
"""What rests at a touch, in what the pace asks for of a round (choice): it mostly is not filled."""

NO_LEARNER = "uniform"

TAKES = (Tactic.LIT_TAKE, Tactic.DEALER_QUOTE)


def scene_of(
    env: Environment, state: State, now: int, parent: Parent, policy: Policy, until: int
) -> Scene:
    """What a round looks at; everything that is free may be placed."""
    view = parent_view(parent)
    instrument = env.instruments[view.symbol]
    return Scene(
        parent=parent,
        view=view,
        instrument=instrument,
        market=state.market.view(view.symbol, now, 0),
        policy=policy,
        due=Due(view.free_qty, 0.0, until),
        qty=view.free_qty,
        lots=-(-view.free_qty // instrument.lot),
        volume=parent.volume,
        next_at=until,
    )


def decision_of(scene: Scene) -> Decide:
    """What the children belong to. Their lessons go to a learner that takes none."""
    return Decide(
        parent_id=scene.parent.parent_id,
        due_qty=scene.qty,
        urgency=scene.due.urgency,
        lot=scene.instrument.lot,
        mid=scene.market.mid2,
        volume=scene.volume,
        next_at=scene.next_at,
        features=(),
        feature_version=FEATURE_VERSION,
        learner=NO_LEARNER,
        learner_version=0,
        policy_hash=scene.policy.hash,
        candidates=(),
    )


def found_in(env: Environment, state: State, now: int, scene: Scene) -> list[Candidate]:
    """The candidates of a round, whatever level it has."""
    return candidates(
        scene.view,
        scene.instrument,
        tuple(env.venues.values()),
        state.market,
        now,
        open_mics=set(state.open_mics()),
        asked=(),
    )


def children(
    env: Environment,
    state: State,
    seq: int,
    now: int,
    scene: Scene,
    found: Sequence[Candidate],
    level: Level,
    pace: int,
) -> Iterator[Command]:
    """What a level sends in a round; `pace` is what a round of a straight line does, shares."""
    for each, qty in _placed(level, scene, found, pace):
        for command in _sent(env, state, seq, now, scene, each, qty):
            yield _until(command, scene.next_at)


def _placed(
    level: Level, scene: Scene, found: Sequence[Candidate], pace: int
) -> list[tuple[Candidate, int]]:
    """Which candidates get how many shares."""
    free, tick, side = scene.view.free_qty, scene.instrument.tick, scene.view.side
    match level:
        case Level.WAIT:
            return []
        case Level.BEHIND | Level.TOUCH:
            back = tick * side.sign if level is Level.BEHIND else 0
            makes = [
                replace(each, price=each.price - back)
                for each in found
                if each.tactic is Tactic.LIT_MAKE and each.price is not None
            ]
            return _evenly(makes, min(free, POST_PACES * pace), scene.instrument.lot)
        case Level.MIDPOINT:
            mids = [each for each in found if each.tactic is Tactic.DARK_MID]
            return _evenly(mids, free, scene.instrument.lot)
        case Level.CROSS_PART | Level.CROSS_ALL:
            takes = [each for each in found if each.tactic in TAKES and each.displayed]
            return _cheapest(takes, min(free, pace) if level is Level.CROSS_PART else free, scene)
    raise AssertionError(level)


def _evenly(found: Sequence[Candidate], qty: int, lot: int) -> list[tuple[Candidate, int]]:
    """The same to each, in whole lots, the first ones first."""
    given = []
    for at, each in enumerate(found):
        share = -(-qty // (len(found) - at))
        share = min(qty, -(-share // lot) * lot)
        given.append((each, share))
        qty -= share
    return given


def _cheapest(found: Sequence[Candidate], qty: int, scene: Scene) -> list[tuple[Candidate, int]]:
    """What is shown, fees in the price."""
    side: Side = scene.view.side
    given = []
    for each in sorted(found, key=lambda one: cost_bp(one, side, scene.market.mid2)):
        share = min(qty, each.displayed)
        given.append((each, share))
        qty -= share
    return given


def _sent(
    env: Environment, state: State, seq: int, now: int, scene: Scene, each: Candidate, qty: int
) -> Iterator[Command]:
    """The child, as the rules leave it and if the limits let it pass."""
    view = parent_view(scene.parent)
    context = RuleContext(now, view, scene.instrument, scene.market, qty, 0.0)
    left = narrow(each, scene.policy.rules, context)
    least = max(left.min_qty, env.venues[each.arm.mic].min_qty)
    if each.tactic is Tactic.DARK_MID:
        left = replace(left, min_qty=least)
    share = min(qty, left.cap, view.free_qty)
    if share >= max(1, left.min_qty):
        fresh = replace(scene, view=view)
        yield from send(env, state, seq, now, fresh, each, left, share)


def _until(command: Command, until: int) -> Command:
    """A child that rests comes back before its round is over."""
    if isinstance(command, SendChild) and command.cancel_at > until:
        return msgspec.structs.replace(command, cancel_at=until)
    return command
