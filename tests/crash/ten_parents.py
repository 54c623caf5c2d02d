"""Ten parents and what happens to them: the script of one life, as an OMS and an operator play it.

Every kind of message that the daemon sends is in it. Whatever dies meanwhile, it goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path

from router.fix.client import OrderView
from router.model import NS, Side, TimeInForce
from router.runtime.control import socket_path
from router.runtime.oms import LiveOms
from tests.crash.nursery import WAIT_S

PX = 100_000_000
OUT_AND_IN = "SDP_2"
"""The session that an operator plays with."""
LIVE_S = 6
"""No parent lives longer, market seconds."""


async def play(oms: LiveOms, state: Path, number: int, gone: Callable[[], bool]) -> None:
    """Order, cancel, replace, ask, kill and arm. `gone` says that the daemon is."""
    orders = order(oms, number)
    resting, changing, watched = orders[4:7]
    if await known(oms, [resting, changing, watched], gone):
        now = oms.clock.now()
        oms.client.cancel(resting, now)
        oms.client.cancel(resting, now)  # the second is refused
        oms.client.replace(changing, now=now, qty=900)
        oms.client.status(watched, now)
        oms.client.mass_status(now)
        misspeak(oms, now)
        oms.flush()
        await kill_and_arm(state, f"K{number}")
        if number % 2:
            await out_and_in(state)
        await oms.until(lambda: gone() or all(orders_done(oms, orders[:4])), WAIT_S)
        oms.client.mass_cancel(oms.clock.now())
        oms.flush()
    await oms.until(lambda: gone() or all(orders_done(oms, orders)), WAIT_S)


def orders_done(oms: LiveOms, names: list[str]) -> list[bool]:
    """Whether each is at its end."""
    return [oms.client.orders[each].done for each in names]


def order(oms: LiveOms, number: int) -> list[str]:
    """Ten NewOrderSingle(D) at once; their ClOrdIDs."""
    now = oms.clock.now()
    side, other = (Side.BUY, Side.SELL) if number % 2 else (Side.SELL, Side.BUY)
    end = now + LIVE_S * NS
    away = (48 if side is Side.BUY else 52) * PX
    new = oms.client.new_order
    ioc, gtd = TimeInForce.IOC, TimeInForce.GTD
    twap = {"horizon_s": "4", "interval_s": "1"}
    found = [
        new("ACME", side, 700, now=now, tif=ioc, account=f"A{number}"),
        new("ACME", other, 300, now=now, tif=ioc, account=f"B{number}"),
        new("ACME", side, 2_000, now=now, tif=gtd, expire_time=end, algo="twap", params=twap),
        new("ACME", other, 1_200, now=now, tif=gtd, expire_time=end, algo="sweep"),
        new("ACME", side, 500, now=now, price=away, tif=gtd, expire_time=end),
        new("ACME", side, 800, now=now, price=away, tif=gtd, expire_time=end),
        new(
            "ACME",
            side,
            600,
            now=now,
            price=50 * PX,
            tif=gtd,
            expire_time=end,
            account=f"K{number}",
        ),
        new("ACME", other, 100, now=now, tif=ioc),
        new("NONE", side, 100, now=now),  # refused: no such instrument
        new("ACME", side, 50_000_000, now=now),  # refused: a limit
    ]
    oms.flush()
    return found


async def known(oms: LiveOms, names: list[str], gone: Callable[[], bool]) -> bool:
    """Wait until the daemon has said something about each; False if it dies before."""
    views: list[OrderView] = [oms.client.orders[each] for each in names]
    await oms.until(lambda: gone() or all(view.reports for view in views), WAIT_S)
    return oms.client.logged_on


def misspeak(oms: LiveOms, now: int) -> None:
    """Messages that are refused: a NewOrderSingle(D) without a Side(54), and a News(B)."""
    oms.client.session.send("D", f"11=M{now}\x0155=ACME\x0138=100\x0140=1\x01", now)
    oms.client.session.send("B", "148=none\x0133=1\x0158=none\x01", now)


async def out_and_in(state: Path) -> None:
    """An operator logs a session out, and on again."""
    await log(state, "logout")
    await log(state, "logon")


async def log(state: Path, action: str) -> None:
    """An operator's logout or logon of `OUT_AND_IN`; a logout holds until somebody lifts it."""
    who = {"who": "Ada Byron", "reason": "a test"}
    session = {"command": "fix_session", "session": OUT_AND_IN, "action": action}
    await ask(state, {**session, **who})


async def kill_and_arm(state: Path, account: str) -> None:
    """An operator's kill, and its release; a daemon that dies meanwhile answers nothing."""
    who = {"who": "Ada Byron", "reason": "a test"}
    told = await ask(state, {"command": "kill", "scope": "account", "value": account, **who})
    if "kill_id" in told:
        await ask(state, {"command": "arm", "kill_id": told["kill_id"], **who})


async def ask(state: Path, request: dict[str, object]) -> dict[str, object]:
    """The daemon's answer; empty if there is none."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_unix_connection(socket_path(state))
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            line = await reader.readline()
        finally:
            writer.close()
        if line:
            found: dict[str, object] = json.loads(line)
            return found
    return {}
