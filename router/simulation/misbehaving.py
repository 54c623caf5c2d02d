"""Which venues misbehave in a world, when and how: drawn apart from all other draws.

A world whose other things are known stays the same if a kind of misbehaviour is added.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from router.model import NS
from router.simulation.reading import MS
from router.simulation.things import Thing
from router.simulation.world import World
from venues.faults.session_drop import SessionDrop
from venues.misbehaviour import Misbehaviour, kinds

DETAILS: dict[str, tuple[dict[str, object], ...]] = {
    "ack_after_fill": ({}, {"delay_ms": 50, "prob": 0.5}),
    "bust": ({"delay_ms": 200}, {"prob": 0.3}, {"delay_ms": 3_000, "prob": 0.5}),
    "correct": (
        {"ticks": 1},
        {"shares_off": 50, "prob": 0.5},
        {"ticks": -2, "shares_off": 100},
        {"shares_more": 200, "delay_ms": 2_000},
    ),
    "duplicate_execution": ({}, {"delay_ms": 700, "prob": 0.5}),
    "late_cancel_reject": ({"delay_ms": 4_000}, {"delay_ms": 300}),
    "late_execution": ({}, {"delay_ms": 50}, {"delay_ms": 3_000, "prob": 0.5}),
    "md_stale": ({}, {"mode": "repeat"}, {"heartbeats": False}),
    "no_ack": (
        {},
        {"fills_reported_late": False},
        {"orders_still_live": False},
        {"orders_still_live": False, "prob": 0.5},
    ),
    "over_fill": ({"qty": 1}, {"qty": 500, "prob": 0.3}),
    "reject_all": ({}, {"ord_rej_code": 99, "reason": "system down"}),
    "session_drop": (
        {},
        {"cancel_on_disconnect": True},
        {"gap_fills": True},
        {"resend_on_logon": False, "late_ms": 4_000},
    ),
    "slow": ({"delay_ms": 30}, {"delay_ms": 3_000}),
}
"""Ways in which each kind is told to happen."""
AFTER_THE_END = frozenset({"bust", "correct", "late_execution", "no_ack", "over_fill"})
"""Kinds that tell of an order that is over: a venue that forgets would tell it to nobody."""
TWICE = frozenset({"bust", "correct", "duplicate_execution"})
"""Kinds that speak of a fill again."""


def misbehaviours(world: World, end: int) -> list[Thing]:
    """In half of all worlds one to five misbehaviours, all of them over at `end`."""
    rng = np.random.Generator(np.random.Philox(key=world.seed, counter=3 << 32))
    things = []
    for _ in range(int(rng.integers(1, 6)) if rng.random() < 0.5 else 0):
        kind = list(DETAILS)[int(rng.integers(len(DETAILS)))]
        detail = DETAILS[kind][int(rng.integers(len(DETAILS[kind])))]
        # LIT_A to LIT_C come first, and most is traded there.
        mic = world.market.mics[min(int(rng.integers(7)), int(rng.integers(7)))]
        at = int(rng.integers(0, end - 2 * NS))
        until = min(at + int(10 ** rng.uniform(9.5 if kind in TWICE else 8.5, 10.3)), end)
        if mic == world.forgets and kind in AFTER_THE_END:
            continue
        text = f"{mic}: {kind} {detail} until {until / NS:.3f}"
        what = kinds()[kind].from_document(detail)
        things.append(Thing(at, text, partial(_start, world, what, mic, until)))
        if rng.random() < (0.7 if kind in TWICE else 0.3):
            # What a venue says of one life often reaches the next: late, again, or taken back.
            things.append(_crash_meanwhile(world, rng, kind, mic, at, until))
    return things


def _start(world: World, what: Misbehaviour, mic: str, until: int) -> None:
    now = world.sim.now
    if isinstance(what, SessionDrop) and (what.gap_fills or not what.resend_on_logon):
        world.forgetful.add(mic)
    world.market.misbehaviours.start(what, mic, now, world.start + until)
    world.sim.poke(world.venues)


def _crash_meanwhile(
    world: World, rng: np.random.Generator, kind: str, mic: str, at: int, until: int
) -> Thing:
    """A crash while a venue misbehaves; where it speaks twice of a fill, soon after a fill."""
    when, power = int(rng.integers(at, until)), bool(rng.random() < 0.5)
    text = f"crash, power {power}, while {mic} misbehaves"
    if kind not in TWICE:
        return Thing(when, text, partial(world.crash, power=power))
    later = int(rng.integers(MS, 150 * MS))
    act = partial(world.crash_after_fill, mic, power=power, later=later, until=world.start + until)
    return Thing(at, f"{text}: {later // MS} ms after a fill", act)
