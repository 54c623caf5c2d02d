"""`python -m tests.crash.kill_points [--power] [FIRST-LAST]`: the daemon dies at every point of ten
parents, or its machine loses its power there.

A point is a durability, a system call or a failpoint, and its number since the life began. Each
life plays ten parents on the folder that the last death has left, so that a death in recovery is a
second death; after twenty of them one life comes to its end, and all accounts must agree.

A power cut takes with it what was not synced (`power`), after a life that has ended in good order
too: only the points of durability `sync` are tried.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from router.runtime import failpoints
from router.runtime.oms import LiveOms, talk
from tests.crash.desk import STRACE, Death, Desk, Trouble
from tests.crash.machine import Machine, machine
from tests.crash.nursery import WAIT_S, Nursery
from tests.crash.ten_parents import log, play

GROUP = 20
"""Deaths on one folder."""
STRIDE = 97
"""Neighbours in the plan are far apart in a life: it shares no factor with the plan's length."""
CALLS = {
    "sync": {"write": 150, "pwrite64": 60, "fdatasync": 44, "connect": 12, "epoll_ctl": 12},
    "page-cache": {"write": 130, "pwrite64": 80, "connect": 12, "accept4": 2},
}
"""How often a life calls the system, about: what comes behind its end is told, and no point."""
BIRTH = {"fsync": 7, "fallocate": 3, "rename": 1, "mkdir": 1}
"""Calls of the first life on a folder."""
OFTEN = (
    "journal.append",
    "journal.write",
    "journal.sync",
    "market.",
    "disk.write_",
    "disk.sync_",
    "batch.handle",
    "batch.leave",
)
PASSED = (1, 9, 25)
"""Which times of a failpoint that is passed all the time."""
MORE: tuple[str, ...] = (
    "session.connected",
    "session.logged",
    "node.tick",
    "batch.send",
    "send.logon",
)
MORE += ("send.report", "send.new_order", "send.cancel.", "send.mass_status", "send.quote_request")
"""Failpoints that are passed more than once: there the third time is tried too."""
IDLE = ("send.heartbeat", "send.test_request")
"""What is sent when nothing else is: in a life whose heartbeats are a market second apart."""
ELSEWHERE = (
    *("disk.create_headroom", "disk.remove_headroom", "disk.truncate_journal"),
    *("disk.release_journal", "disk.create_spare", "disk.rename_spare"),
)
"""Places that a life of this kind does not pass: `tests/runtime/test_failpoints.py` does, and
`tests/journal/test_spare.py` kills there."""


def plan() -> list[Death]:
    """Every point, in an order that takes them from all over a life."""
    found = [
        Death(durability, call, k)
        for durability, calls in CALLS.items()
        for call, last in calls.items()
        for k in range(1, last + 1)
    ]
    found += [
        Death(durability, name, k)
        for durability in CALLS
        for name in failpoints.names()
        if not name.startswith(ELSEWHERE)
        for k in times(name)
    ]
    assert len(found) % STRIDE
    return [found[number * STRIDE % len(found)] for number in range(len(found))]


def times(name: str) -> tuple[int, ...]:
    """At which of its passages a failpoint kills."""
    if name.startswith(OFTEN):
        return PASSED
    return (1, 3) if name.startswith(MORE) else (1,)


def births() -> list[Death]:
    """Points in the first life of a folder: each begins a group."""
    return [
        Death(durability, call, k)
        for call, last in BIRTH.items()
        for k in range(1, last + 1)
        for durability in CALLS
    ]


@dataclass
class Found:
    """What came of a run."""

    died: list[Death] = field(default_factory=list)
    lived: list[Death] = field(default_factory=list)
    """Points that the life did not reach."""
    broken: list[str] = field(default_factory=list)
    """Groups whose accounts disagree, and how."""


def run_group(
    nursery: Nursery,
    folder: Path,
    deaths: Sequence[Death],
    found: Found,
    under: Machine | None = None,
) -> None:
    """Deaths on one folder, one after the other, and a life that comes to its end."""
    with Desk(folder, nursery) as desk:

        async def script(oms: LiveOms) -> None:
            for death in deaths:
                trouble = under.trouble(desk) if under is not None else None
                end = await life(desk, oms, death, trouble)
                (found.died if end == -signal.SIGKILL else found.lived).append(death)
                assert end in (0, -signal.SIGKILL), f"{death}: exit code {end}"
                if under is not None:
                    under.off(desk)
            await last_life(desk, oms, deaths[-1].durability)

        talk(desk.told.client, desk.clock, script)
        desk.end()
        desk.agree()


async def life(
    desk: Desk, oms: LiveOms, death: Death | None, trouble: Trouble | None = None
) -> int:
    """Ten parents, until the end or the death; the exit code, or the signal, negative."""
    if death is not None and death.where.startswith(IDLE):
        idle = (("fix.defaults.heart_bt_int", 1),)
        trouble = dataclasses.replace(trouble or Trouble(), settings=idle)
    child = desk.begin(death, trouble=trouble)
    if await desk.answers() and await desk.call(oms):
        await play(oms, desk.state, desk.lives, lambda: child.is_dead)
    child.signal(signal.SIGTERM)
    return await desk.dead()


async def last_life(desk: Desk, oms: LiveOms, durability: str) -> None:
    """What all lives have left undone comes to its end."""
    desk.begin(None, durability)
    assert await desk.answers(), "the last life does not begin"
    assert await desk.call(oms), "the last life has ended"
    await log(desk.state, "logon")  # one of the dead may have left it logged out
    views = oms.client.orders.values()
    done = await oms.until(lambda: all(view.done for view in views), WAIT_S)
    assert done, [view for view in views if not view.done]
    await oms.leave()
    assert desk.life is not None
    desk.life.signal(signal.SIGTERM)
    assert await desk.dead() == 0, "the last life does not end in good order"


# -- all of them -----------------------------------------------------------------------------------


def groups(deaths: Sequence[Death], first: Sequence[Death]) -> list[list[Death]]:
    """Each begins with one of the births, `first`."""
    parts = [list(deaths[at : at + GROUP - 1]) for at in range(0, len(deaths), GROUP - 1)]
    return [[first[at % len(first)], *part] for at, part in enumerate(parts)]


def synced(deaths: Sequence[Death]) -> list[Death]:
    """Those of a daemon that promises anything about power."""
    return [each for each in deaths if each.durability == "sync"]


def main(argv: Sequence[str]) -> int:
    """Run a range of the plan's groups; 1 if accounts disagree."""
    power = argv[:1] == ["--power"]
    argv = argv[power:]
    if STRACE is None:
        print(
            "strace is not installed: the points of system calls cannot be tried", file=sys.stderr
        )
        return 1
    whole = groups(synced(plan()), synced(births())) if power else groups(plan(), births())
    first, _, last = (argv[0] if argv else f"1-{len(whole)}").partition("-")
    wanted = range(int(first), int(last or first) + 1)
    if wanted.start < 1 or wanted.stop - 1 > len(whole):
        print(f"groups {argv[0]}: allowed: 1-{len(whole)}", file=sys.stderr)
        return 4
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # kill -9 asks nothing of a disk
    folder = Path(tempfile.mkdtemp(prefix="sluice-kill-points-", dir=memory))
    nursery, found, began = Nursery(), Found(), time.monotonic()
    for number in wanted:
        try:
            under = machine(number) if power else None
            run_group(nursery, folder / str(number), whole[number - 1], found, under)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are tried
            text = f"group {number}: {type(error).__name__}: {str(error)[:2000]}"
            found.broken.append(text)
            print(f"\n{text}", file=sys.stderr)
        else:
            shutil.rmtree(folder / str(number))
        show(number, wanted.stop - 1, found, time.monotonic() - began)
    nursery.close()
    print(json.dumps(summary(found, argv, power, time.monotonic() - began), indent=2))
    if found.broken:
        print(f"what is left of them is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


def show(number: int, last: int, found: Found, seconds: float) -> None:
    """A line of progress."""
    text = f"group {number} of {last}: {len(found.died)} deaths, {len(found.broken)} broken"
    print(f"\r{text}, {seconds:.0f} s", end="", file=sys.stderr, flush=True)


def summary(found: Found, argv: Sequence[str], power: bool, seconds: float) -> dict[str, object]:
    """Everything that there is to know, as JSON."""
    by_kind = {
        "system calls": sum(each.of_the_system for each in found.died),
        "failpoints": sum(not each.of_the_system for each in found.died),
    }
    reached = {each.where for each in found.died}
    return {
        "groups": argv[0] if argv else "all",
        "power cuts": power,
        "points": len(set(found.died)),
        "deaths": len(found.died),
        **by_kind,
        "by durability": {each: sum(d.durability == each for d in found.died) for each in CALLS},
        "not reached": sorted({str(each) for each in found.lived}),
        "never reached": sorted({each.where for each in found.lived} - reached),
        "broken": found.broken,
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
