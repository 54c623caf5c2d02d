"""Signs of a daemon that is well, and scenes made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from router.api.disk import Disk
from router.api.following import Follower
from router.api.metrics import Scene
from router.api.watch import Watch, live, ready
from router.model import NS
from router.signs import JournalSigns, SessionSigns, Signs, VenueSigns

SECOND = NS
BEGAN = 1_000 * NS
"""Monotonic nanoseconds at which the health process began."""

JOURNAL = JournalSigns(
    durability="sync", last_seq=9, syncs=4, syncing_s=0.0, on_reserve=False, poisoned=""
)
OMS = SessionSigns("oms", logged_on=True, wanted=True, next_in=2, next_out=3, unsent=0, held=0)
LIT = SessionSigns("orders", logged_on=True, wanted=True, next_in=5, next_out=6, unsent=7, held=0)
WELL = Signs(
    phase="running",
    pid=4711,
    shard="A",
    version="0.1.0",
    config_hash="c0ffee" * 8,
    at=1_767_623_400 * NS,
    clock_ahead_s=0.0,
    seq=9,
    epoch=2,
    ready=True,
    batches=4,
    market_age_s={"ACME": 0.5},
    lessons={"hazard": 3},
    sessions={"OMS": OMS, "LIT_A": LIT},
    venues={"LIT_A": VenueSigns(open=True, reconciled=True, unknown=0, suspense=0)},
    journal=JOURNAL,
    resident_bytes=7,
    open_files=3,
    open_files_max=8,
)


def signs(**changes: Any) -> Signs:
    """The signs of a daemon that is well, but for these."""
    return msgspec.structs.replace(WELL, **changes)


def journal(**changes: Any) -> JournalSigns:
    return msgspec.structs.replace(JOURNAL, **changes)


def venue(**changes: Any) -> dict[str, VenueSigns]:
    """LIT_A, but for these."""
    return {"LIT_A": msgspec.structs.replace(WELL.venues["LIT_A"], **changes)}


def heard(given: Signs | None, at: int = BEGAN) -> Watch:
    """A watch that has heard this."""
    watch = Watch(began_at=BEGAN)
    if given is not None:
        watch.hear(given, at)
    return watch


def scene(given: Signs | None, folder: Path, *, now: int = BEGAN) -> Scene:
    """What a scrape is made of; the journal in `folder` is read to its end."""
    watch, follower = heard(given), Follower(folder)
    while follower.read():
        pass
    return Scene(
        watch=watch,
        follower=follower,
        disk=Disk(free_bytes=50, size_bytes=100),
        alive=live(watch, now),
        ready=ready(watch, now, broken=follower.broken),
        now=now,
    )
