"""The real daemon with thousands of children at work is killed, and started again:
`python -m tests.crash.many_children [PARENTS]`.

Prints how many were at work, and how many seconds after its start the daemon answered and every
venue had said what became of them. All accounts agree, or it ends with an error.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from router.cli.knock import ask
from router.fix.client import OrderView
from router.model import NS
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms, talk
from tests.crash.desk import Desk, Trouble
from tests.crash.nursery import WAIT_S, Nursery
from tests.crash.processes import Time
from tests.crash.test_full_disk import answered, order

PARENTS = 3_000
NEAR = int(49.5e8)
"""A price at which children rest."""
BATCH = 10
ANSWER_S = 120.0
SETTINGS = (
    ("limits.message_rate.messages_max", 99_999),
    ("limits.venue_rate.children_max", 99_999),
    ("journal.snapshot_events", 10_000),
    ("journal.segment_mib", 64),
    ("routing.slice_s", 600),
)


def run(folder: Path, parents: int) -> dict[str, float]:
    """Place them, kill -9, start, and wait until nothing is in doubt."""
    found: dict[str, float] = {}
    wall = Time(Clock().now() // NS * NS, 1.0)
    with closing(Nursery()) as nursery, Desk(folder, nursery, time=wall) as desk:

        async def status() -> Any:
            request: dict[str, object] = {"command": "status"}
            return await asyncio.to_thread(ask, desk.state, request, answer_s=ANSWER_S)

        async def begin() -> None:
            desk.begin(None, trouble=Trouble(settings=SETTINGS))
            assert await desk.answers()

        async def script(oms: LiveOms) -> None:
            await begin()
            assert await desk.call(oms)
            await answered(oms, parents)  # accounts without a trade show nothing
            views = []
            for number in range(parents):
                views.append(order(oms, number, price=NEAR))
                if number % BATCH == BATCH - 1:
                    assert await oms.until(partial(_told, views[-1]), WAIT_S)
            while (live := (await status())["children"]["live"]) < parents:
                pass  # it goes on meanwhile
            assert desk.life is not None
            found["children"] = live
            desk.life.signal(signal.SIGKILL)
            await desk.dead()
            began = time.monotonic()
            await begin()
            found["answers_after_s"] = round(time.monotonic() - began, 2)
            while not _settled(await status()):
                pass
            found["reconciled_after_s"] = round(time.monotonic() - began, 2)
            assert await desk.call(oms)
            for view in views:
                oms.client.cancel(view.cl_ord_id, now=oms.clock.now())
                oms.flush()
                assert await oms.until(partial(_over, view), WAIT_S)
            await oms.leave()

        talk(desk.told.client, desk.clock, script)
        desk.end()
        desk.agree()
    return found


def _told(view: OrderView) -> bool:
    return bool(view.reports)


def _over(view: OrderView) -> bool:
    return view.done


def _settled(status: Any) -> bool:
    venues = status["venues"].values()
    return not status["children"]["unknown"] and all(each["reconciled"] for each in venues)


def main(argv: list[str]) -> None:
    """One JSON object on stdout."""
    with tempfile.TemporaryDirectory(prefix="sluice-many-") as folder:
        print(json.dumps(run(Path(folder), int(argv[0]) if argv else PARENTS)))


if __name__ == "__main__":
    main(sys.argv[1:])
