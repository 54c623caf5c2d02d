"""The real daemon behind lines that cut, freeze, delay, split and change what they carry.

A proxy stands before every venue, or before the daemon where its OMS calls. The oracle is that of
the kills: in the end the venues, the journal and the OMS tell the same story (F-08, F-10,
F-24).
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from router.runtime.oms import LiveOms, talk
from tests.crash.desk import HOST, Desk
from tests.crash.kill_points import last_life
from tests.crash.nursery import WAIT_S, Nursery
from tests.crash.proxy import Proxy, proxy
from tests.crash.ten_parents import order

pytestmark = pytest.mark.timeout(300)
Disturb = Callable[[Proxy, Callable[[], object]], Awaitable[None]]
"""Disturbs a line, and gives an order into it."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


async def broken(line: Proxy, *, rst: bool) -> None:
    """Cut, until somebody calls again."""
    before = line.opened
    line.cut(rst=rst)
    await line.until(lambda: line.opened > before)


async def cut(line: Proxy, go: Callable[[], object]) -> None:
    """FIN, twice."""
    go()
    for _ in range(2):
        await broken(line, rst=False)


async def reset(line: Proxy, go: Callable[[], object]) -> None:
    """RST, twice."""
    go()
    for _ in range(2):
        await broken(line, rst=True)


async def in_it(line: Proxy, go: Callable[[], object], pieces: int) -> None:
    """Give an order into the weather, and wait until it has met so many pieces."""
    before = line.met
    go()
    await line.until(lambda: line.met >= before + pieces)


async def freeze(line: Proxy, go: Callable[[], object]) -> None:
    """Nothing moves for a while; then all that waited."""
    line.weather.frozen = True
    await in_it(line, go, 1)
    line.thaw()


async def half_open(line: Proxy, go: Callable[[], object]) -> None:
    """Answers are lost, and only then the line."""
    line.weather.deaf = True
    await in_it(line, go, 1)
    line.cut(rst=True)
    line.weather.deaf = False


async def slow(line: Proxy, go: Callable[[], object]) -> None:
    """Every piece is late, and bytes come one by one."""
    line.weather.delay_s, line.weather.single = 0.02, True
    await in_it(line, go, 3)
    line.weather.delay_s, line.weather.single = 0.0, False


async def flip(line: Proxy, go: Callable[[], object]) -> None:
    """Every third piece has a bit changed."""
    line.weather.flip = 0.3
    await in_it(line, go, 1)
    line.weather.flip = 0.0
    line.cut(rst=True)  # a frame that never ends holds back what follows until its session ends


ALL = (cut, reset, freeze, half_open, slow, flip)


async def stay(desk: Desk, oms: LiveOms, port: int) -> None:
    """The OMS calls again whenever it is cut off."""
    while True:
        with contextlib.suppress(OSError):
            await oms.connect(HOST, port)
            await oms.until(lambda: oms.is_gone, 1e9)
        await asyncio.sleep(0.1)


def disturbed(
    nursery: Nursery, folder: Path, disturb: Sequence[Disturb], *, venues: bool, seed: int
) -> Desk:
    """Parents while the lines to the venues, or that of the OMS, are disturbed."""
    with Desk(folder, nursery) as desk, proxy(seed) as line:
        if venues:
            desk.ports = {mic: line.before(port) for mic, port in desk.ports.items()}
        door = desk.port if venues else line.before(desk.port)

        async def script(oms: LiveOms) -> None:
            child = desk.begin(None)
            assert await desk.answers()
            calls = asyncio.create_task(stay(desk, oms, door))
            for number, each in enumerate(disturb):
                assert await oms.until(lambda: oms.client.logged_on, WAIT_S)
                await each(line, partial(order, oms, number))
            views = oms.client.orders.values()
            assert await oms.until(lambda: all(view.done for view in views), WAIT_S)
            assert not child.is_dead, desk.log.read_text()[-2000:]
            calls.cancel()
            child.signal(signal.SIGTERM)
            assert await desk.dead() == 0
            await oms.until(lambda: oms.is_gone, WAIT_S)
            await last_life(desk, oms, "sync")

        talk(desk.told.client, desk.clock, script)
        desk.end()
        desk.agree()
    return desk


@pytest.mark.parametrize("venues", [True, False], ids=["venues", "oms"])
def test_lines_that_break_lose_nothing_and_do_nothing_twice(
    nursery: Nursery, tmp_path: Path, venues: bool
) -> None:
    disturbed(nursery, tmp_path, [reset, half_open, slow, flip], venues=venues, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("venues", [True, False], ids=["venues", "oms"])
def test_all_weathers(nursery: Nursery, tmp_path: Path, venues: bool, seed: int) -> None:
    turned = [ALL[(seed + number * 5) % len(ALL)] for number in range(10)]
    disturbed(nursery, tmp_path, turned, venues=venues, seed=seed)
