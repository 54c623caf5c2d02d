"""The real daemon, killed with SIGKILL twenty times while it works orders for a real OMS.

The oracle is what the OMS was told and what the venues wrote into their own log, never the router's
own account. The market runs fast, so that orders live through several kills.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

import config
from config.settings import load_settings
from router import build
from router.core import fold
from router.fix.client import OmsClient, OrderView
from router.fix.codec import decode
from router.fix.session import SessionConfig
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.messages import SendChild, Step
from router.model import NS, Side, TimeInForce
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms
from venues.audit import AuditKind, AuditRecord, read_audit

ROOT = Path(config.__file__).parent.parent
BASELINE = Path(config.__file__).parent / "markets" / "baseline.yaml"
MICS = ["LIT_A", "LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2"]
SPEED = 5.0
KILLS = 20
LIFE_S = 60
"""How long a parent may live, market seconds."""
WAIT_S = 60.0
"""Real seconds until something that must happen counts as not happening."""


@contextmanager
def process(*command: str, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A child process that ends with the block, whatever happens in it."""
    with (
        log.open("a", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as child,
    ):
        try:
            yield child
        finally:
            child.kill()


def first_line(child: subprocess.Popen[str], log: Path) -> dict[str, object]:
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line, log.read_text(encoding="utf-8")[-2000:]
    found: dict[str, object] = json.loads(line)
    return found


class Daemon:
    """The router under test, started again and again on one state folder."""

    def __init__(self, folder: Path, clock: Clock, ports: dict[str, int]) -> None:
        self.state = folder / "state"
        self.log = folder / "router.log"
        self.port = 0
        self._stack = ExitStack()
        self._child: subprocess.Popen[str] | None = None
        moment = datetime.fromtimestamp(clock.origin / NS, UTC).isoformat().replace("+00:00", "Z")
        self._settings = [f"clock.speed={SPEED}", f"clock.origin={moment}", "log.format=json"]
        self._settings += [f"venues.{mic}.connect.port={port}" for mic, port in ports.items()]
        self._settings += ["fix.defaults.heart_bt_int=300", "fix.defaults.max_latency=3600"]

    @property
    def settings(self) -> list[str]:
        return [f"state={self.state}", f"fix.acceptor.port={self.port}", *self._settings]

    def start(self) -> None:
        self._stack = ExitStack()
        overrides = [part for each in self.settings for part in ("--set", each)]
        command = ("router", "run", "--json", *overrides)
        self._child = self._stack.enter_context(process(*command, log=self.log))
        port = first_line(self._child, self.log)["port"]
        assert isinstance(port, int)
        self.port = port

    def kill(self) -> None:
        assert self._child is not None
        self._child.kill()
        self._child.wait()
        self._stack.close()

    def stop(self) -> None:
        assert self._child is not None
        self._child.terminate()
        assert self._child.wait(WAIT_S) == 0, self.log.read_text(encoding="utf-8")[-3000:]
        self._stack.close()


@pytest.mark.timeout(300)
def test_twenty_kills_lose_nothing_and_send_nothing_twice(tmp_path: Path) -> None:
    clock = Clock(speed=SPEED, origin=time.time_ns() // 1000 * 1000)
    audit = tmp_path / "audit.jsonl"
    command = (
        *("venues", "--market", str(BASELINE), "--base-port", "0", "--seed", "11"),
        *("--speed", str(SPEED), "--origin", str(clock.origin)),
        *("--audit", str(audit), "--state", str(tmp_path / "venues")),
    )
    with process(*command, log=tmp_path / "venues.log") as venues:
        ports = first_line(venues, tmp_path / "venues.log")["venues"]
        assert isinstance(ports, dict)
        daemon = Daemon(tmp_path, clock, ports)
        client = OmsClient(
            SessionConfig(
                sender_comp_id="OMS",
                target_comp_id="SLUICE",
                role="initiator",
                heart_bt_int=300,
                max_latency=3600,
            )
        )
        try:
            asyncio.run(work(daemon, client, clock))
        finally:
            daemon.kill()
    check(daemon, client, read_audit(audit))


async def work(daemon: Daemon, client: OmsClient, clock: Clock) -> None:
    """Send orders, kill at twenty different moments, and wait until every order is over."""
    daemon.start()
    oms = LiveOms(client, clock)
    calling = asyncio.create_task(oms.stay_connected("127.0.0.1", daemon.port))
    for number in range(KILLS):
        assert await oms.until(lambda: client.logged_on, WAIT_S), daemon.log.read_text()[-3000:]
        if number % 2 == 0:
            send(oms, number)
        # From "just sent" to "some way into the work": the moment differs with every kill.
        await oms.until(told_at_least(client, reports(client) + number % 7), 3.0)
        await asyncio.to_thread(daemon.kill)
        await asyncio.to_thread(daemon.start)
    orders = client.orders.values()
    done = await oms.until(lambda: all(each.done for each in orders), WAIT_S)
    assert done, [(each.cl_ord_id, each.ord_status) for each in orders if not each.done]
    await asyncio.to_thread(daemon.stop)
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)


def send(oms: LiveOms, number: int) -> None:
    now = oms.clock.now()
    oms.client.new_order(
        "ACME",
        Side.BUY if number % 4 else Side.SELL,
        1_500 + 100 * number,
        now=now,
        tif=TimeInForce.GTD,
        expire_time=now + LIFE_S * NS,
        algo="twap" if number % 3 else "sweep",
        params={"interval_s": "5"} if number % 3 else {},
    )
    oms.flush()


def told_at_least(client: OmsClient, count: int) -> Callable[[], bool]:
    return lambda: reports(client) >= count


def reports(client: OmsClient) -> int:
    return sum(len(each.reports) for each in client.orders.values())


# -- the oracle ------------------------------------------------------------------------------------


def check(daemon: Daemon, client: OmsClient, audit: list[AuditRecord]) -> None:
    steps = [step for _, step in read_steps(FileStorage(daemon.state, read_only=True))]
    children = {c.cl_ord_id: c for s in steps for c in s.commands if isinstance(c, SendChild)}
    assert not client.rejects
    assert not client.unknown
    orders = list(client.orders.values())
    assert len(orders) == KILLS // 2
    assert [each.text for each in orders if each.order_id == "NONE"] == []
    assert sum(each.cum_qty for each in orders) > 0, "nothing was traded: nothing was tested"
    no_order_twice(audit, set(children))
    told_once_and_the_same(audit, children, orders, steps)
    folds_to_what_was_told(daemon, steps, orders)
    numbers_only_rise(steps)


def no_order_twice(audit: list[AuditRecord], journaled: set[str]) -> None:
    """Every order at a venue is in the journal, and is there once."""
    new = [each for each in audit if each.kind is AuditKind.RECEIVED and each.msg_type == "D"]
    counts = Counter(each.cl_ord_id for each in new if not each.poss_dup)
    assert [name for name, count in counts.items() if count > 1] == []
    assert set(counts) <= journaled


def told_once_and_the_same(
    audit: list[AuditRecord],
    children: dict[str, SendChild],
    orders: list[OrderView],
    steps: list[Step],
) -> None:
    """What the venues executed is what the OMS was told, execution by execution."""
    executed: Counter[tuple[str, str, int, int]] = Counter()
    for each in audit:
        if each.kind is AuditKind.EXECUTION and each.exec_type == "F":
            parent = children[each.cl_ord_id].parent_id
            executed[(parent, f"{each.mic}/{each.exec_id}", each.qty, each.px or 0)] += 1
    told: Counter[tuple[str, str, int, int]] = Counter()
    for order in orders:
        for fill in order.fills:
            mic, _, exec_id = fill.exec_id.split(".", 2)
            told[(order.order_id, f"{mic}/{exec_id}", fill.last_qty, fill.last_px)] += 1
    assert executed == told
    assert set(executed.values()) <= {1}
    for order in orders:
        assert sum(fill.last_qty for fill in order.fills) == order.cum_qty <= order.order_qty


def folds_to_what_was_told(daemon: Daemon, steps: list[Step], orders: list[OrderView]) -> None:
    settings = load_settings(overrides=daemon.settings)
    family = build.families()
    state = build.engine(build.environment(settings, family), family).state
    for step in steps:
        if step.event is not None:
            fold.apply(state, step.now, step.event)
        for command in step.commands:
            fold.apply(state, step.now, command)
    assert state.epoch == KILLS + 1
    for order in orders:
        parent = state.parent_to_read(order.order_id)
        assert parent is not None
        assert (parent.cum_qty, parent.status.value) == (order.cum_qty, order.ord_status)
    assert state.live_children() == []


def numbers_only_rise(steps: list[Step]) -> None:
    """Outbound MsgSeqNum +1 from frame to frame on every durable session, over all lives."""
    last: dict[str, int] = {}
    for step in steps:
        for sent in step.sent:
            assert sent.msg_seq_num == last.get(sent.session, 0) + 1
            assert decode(sent.frame).get("34") == str(sent.msg_seq_num)
            last[sent.session] = sent.msg_seq_num
