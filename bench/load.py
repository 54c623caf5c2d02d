"""How much the real daemon carries: `python -m bench.load [--rate 300] [--seconds 30] [--search]`.

The daemon as it is shipped, with a synchronous journal, an OMS and venues in processes of their own
on the same machine. Parents of four children at a fixed rate, and whether each came back whole; how
long from a parent's bytes to its first child's at a venue; what the daemon's memory does; and how
long a kill of resting children takes (`--resting`). One JSON object on stdout.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bench.load_venues import HOST, OFFER
from router.cli.knock import ask
from router.fix.client import OmsClient
from router.fix.session import SessionConfig
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.messages import ExecutionReceived, OrderReceived, SendChild
from router.model import PX_SCALE, ExecType, Side, TimeInForce
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms, talk

ROOT = Path(__file__).parents[1]
MICS = ("LIT_A", "LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2")
QTY = 400
CHILDREN = 4
TICK_S = 0.005
DRAIN_S = 20.0
"""How long the last parents may take; who is not back then is lost."""
HELD_S = 1.0
"""A rate is held if the last parent is back so soon after it was sent."""
WARM = 200
"""Parents before the measurement."""
ANSWER_S = 60.0
"""A machine that others use too may be slow, and that is to be measured."""
SEARCH_S = 8.0
RATE_MAX = 10_000.0
CLOSE = 1.1
"""The search ends when what is not held is so little more than what is."""
SAMPLES = 10
"""How often the daemon's memory is looked at."""
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Scene:
    """Venues and a daemon, until it is left."""

    durability: str
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="sluice-load-")))

    def __post_init__(self) -> None:
        self.state, self._told = self.folder / "state", self.folder / "venues.json"
        self.venues = subprocess.Popen(
            [sys.executable, "-m", "bench.load_venues", str(self._told), *MICS],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a scheduler that shares by session gives it its own
        )
        ports = json.loads(_line(self.venues))
        sets = [
            *(f"venues.{mic}.connect.port={port}" for mic, port in ports.items()),
            *(f"journal.durability={self.durability}", "fix.acceptor.port=0", "log.level=error"),
            *("limits.message_rate.messages_max=99999", "limits.venue_rate.children_max=99999"),
            "limits.repeat_execution.executions_max=99999",
            *("fix.defaults.heart_bt_int=3600", "policies=" + json.dumps(_policies())),
        ]
        command = [sys.executable, "-m", "router", "run", "--json", "--state", str(self.state)]
        self.daemon = subprocess.Popen(
            [*command, *(part for each in sets for part in ("--set", each))],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a scheduler that shares by session gives it its own
        )
        self.port: int = json.loads(_line(self.daemon))["port"]

    def rss_mb(self) -> float:
        """The daemon's resident memory."""
        pages = Path(f"/proc/{self.daemon.pid}/statm").read_text().split()[1]
        return round(int(pages) * PAGE / 1e6, 1)

    def cpu_s(self) -> float:
        """What the daemon has computed so far."""
        fields = Path(f"/proc/{self.daemon.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> dict[str, Any]:
        """Stop both in good order; what the venues have to tell."""
        for process in (self.daemon, self.venues):
            process.terminate()
            if process.wait(60):
                raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        found: dict[str, Any] = json.loads(self._told.read_text())
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self.daemon, self.venues):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"{process.args!r} did not start"
    return line


def _policies() -> list[str]:
    shipped = ROOT / "config" / "policies"
    return [
        *(str(shipped / f"{name}.yaml") for name in ("default", "desk", "clients")),
        str(Path(__file__).with_name("load.yaml")),
    ]


# -- the OMS ---------------------------------------------------------------------------------------


class Sender:
    """An OMS that sends at a rate, and knows when it sent what."""

    def __init__(self, oms: LiveOms) -> None:
        self.oms = oms
        self.sent: dict[str, int] = {}
        self._count = 0

    def order(self, price: float, tif: TimeInForce) -> str:
        """One parent. No account repeats itself within the window of the duplicate check."""
        self._count += 1
        name = self.oms.client.new_order(
            "ACME",
            Side.BUY,
            QTY,
            now=self.oms.clock.now(),
            price=round(price * PX_SCALE),
            tif=tif,
            account=f"A{self._count}",
        )
        self.sent[name] = time.monotonic_ns()
        return name

    async def run(self, rate: float, seconds: float) -> None:
        """Parents at a rate, whatever comes back."""
        began, first = time.monotonic(), self._count
        while (past := time.monotonic() - began) < seconds:
            while self._count - first < past * rate:
                self.order(OFFER, TimeInForce.IOC)
            self.oms.flush()
            await asyncio.sleep(TICK_S)

    async def back(self, wait_s: float) -> float:
        """Wait until every parent is done; seconds that it took."""
        began = time.monotonic()
        views = list(self.oms.client.orders.values())
        await self.oms.until(lambda: all(view.done for view in views[-50:]), wait_s)
        await self.oms.until(lambda: all(view.done for view in views), wait_s)
        return time.monotonic() - began


async def call(oms: LiveOms, port: int) -> Sender:
    """Log on, and let a few parents go first."""
    await oms.connect(HOST, port)
    assert await oms.until(lambda: oms.client.logged_on, DRAIN_S)
    sender = Sender(oms)
    await sender.run(WARM, 1.0)
    await sender.back(DRAIN_S)
    return sender


def client() -> OmsClient:
    """A new OMS."""
    return OmsClient(
        SessionConfig(
            sender_comp_id="OMS", target_comp_id="SLUICE", role="initiator", heart_bt_int=3600
        )
    )


# -- what is measured ------------------------------------------------------------------------------


def load(rate: float, seconds: float, durability: str) -> dict[str, object]:
    """A rate for a time: counts, latency, memory."""
    with Scene(durability) as scene:
        told = client()

        async def script(oms: LiveOms) -> dict[str, Any]:
            sender = await call(oms, scene.port)
            warm, rss, cpu = len(sender.sent), scene.rss_mb(), scene.cpu_s()
            began = time.monotonic()
            memory = [(0, rss)]
            for _ in range(SAMPLES):
                await sender.run(rate, seconds / SAMPLES)
                memory.append((len(sender.sent) - warm, scene.rss_mb()))
            sending_s = time.monotonic() - began
            late = await sender.back(DRAIN_S)
            took, spent = time.monotonic() - began, scene.cpu_s() - cpu
            parents = len(sender.sent) - warm
            await oms.leave()
            return {
                "parents": parents,
                "parents_per_s": round(parents / sending_s, 1),
                "last_back_after_s": round(late, 3),
                "daemon_cores": round(spent / took, 3),
                "daemon_cpu_ms_per_parent": round(1_000 * spent / parents, 3),
                "rss_mb_at_parents": memory,
                "rss_mb_per_1000_parents": {
                    "first_half": growth(memory[: SAMPLES // 2 + 1]),
                    "second_half": growth(memory[SAMPLES // 2 :]),
                },
                "sent": sender.sent,
                "warm": warm,
            }

        found = talk(told, Clock(), script)
        venues = scene.end()
        sent, warm = found.pop("sent"), found.pop("warm")
        found |= latency(scene.state, sent, warm, venues["orders"])
        found |= counted(told, scene.state, venues)
        return {"asked_per_s": rate, "seconds": seconds, "durability": durability, **found}


def growth(memory: list[tuple[int, float]]) -> float:
    """MB for each thousand parents, from the first sample to the last."""
    (before, low), (after, high) = memory[0], memory[-1]
    return round(1_000 * (high - low) / max(1, after - before), 3)


def latency(
    state: Path, sent: dict[str, int], warm: int, arrived: dict[str, int]
) -> dict[str, object]:
    """From a parent's bytes leaving the OMS to its first child's bytes at a venue."""
    parents: dict[str, str] = {}
    first: dict[str, int] = {}
    for _, step in read_steps(FileStorage(state, read_only=True)):
        for child in step.commands:
            if isinstance(child, SendChild) and child.cl_ord_id in arrived:
                at = arrived[child.cl_ord_id]
                first[child.parent_id] = min(first.get(child.parent_id, at), at)
                if isinstance(step.event, OrderReceived):
                    parents[step.event.cl_ord_id] = child.parent_id
    measured = list(sent)[warm:]
    times = sorted(
        (first[parents[name]] - sent[name]) / 1e6 for name in measured if name in parents
    )
    if len(times) < 2:
        return {"parent_to_child_ms": None}
    cuts = statistics.quantiles(times, n=1000)
    told = {"p50": cuts[499], "p99": cuts[989], "p999": cuts[998], "max": times[-1]}
    return {"parent_to_child_ms": {name: round(each, 3) for name, each in told.items()}}


def counted(told: OmsClient, state: Path, venues: dict[str, Any]) -> dict[str, object]:
    """What the three accounts come to: nothing is lost if all of them say the same."""
    views = told.orders.values()
    children = fills = 0
    for _, step in read_steps(FileStorage(state, read_only=True)):
        children += sum(isinstance(each, SendChild) for each in step.commands)
        event = step.event  # a venue that was asked about an order answers with an execution too
        fills += isinstance(event, ExecutionReceived) and event.exec_type is ExecType.TRADE
    account = {
        "oms_orders": len(views),
        "oms_filled": sum(view.cum_qty == QTY for view in views),
        "oms_fills": sum(len(view.fills) for view in views),
        "journal_children": children,
        "journal_executions": fills,
        "venue_orders": len(venues["orders"]),
        "venue_fills": venues["fills"],
    }
    lost = len(views) - account["oms_filled"]
    same = account["oms_fills"] == account["venue_fills"] == account["journal_executions"]
    return {"accounts": account, "lost": lost, "accounts_agree": same}


def highest(durability: str) -> dict[str, object]:
    """The highest rate that is held, to a tenth: everything is back within a second."""
    rate, low, high = 100.0, 0.0, 0.0  # nothing was held, nor not held
    tried: list[dict[str, object]] = []
    while rate < RATE_MAX and (not high or high > CLOSE * low):
        found = load(rate, SEARCH_S, durability)
        late = found["last_back_after_s"]
        held = not found["lost"] and isinstance(late, float) and late < HELD_S
        tried.append({"rate": rate, "held": held, "p99": found["parent_to_child_ms"]})
        print(f"bench.load: {rate:.0f}/s {'held' if held else 'not held'}", file=sys.stderr)
        low, high = (rate, high) if held else (low, rate)
        rate = (low + high) / 2 if high else 2 * low
    return {"held_per_s": low, "not_held_per_s": high, "tried": tried}


def kill(durability: str, resting: int) -> dict[str, object]:
    """From the operator's request to the last cancel at a venue, with so many children resting."""
    with Scene(durability) as scene:

        async def script(oms: LiveOms) -> tuple[int, int, int]:
            sender = await call(oms, scene.port)
            for number in range(resting // CHILDREN):
                sender.order(OFFER - 0.02, TimeInForce.DAY)
                if number % 20 == 19:
                    oms.flush()
                    await asyncio.sleep(0.1)
            oms.flush()
            while (live := await asyncio.to_thread(_live, scene.state)) < resting:
                await asyncio.sleep(0.2)
            who = {"who": "Ada Byron", "reason": "bench"}
            began = time.monotonic_ns()
            told = await asyncio.to_thread(
                ask,
                scene.state,
                {"command": "kill", "scope": "all", **who},
                answer_s=ANSWER_S,
            )
            answered = time.monotonic_ns()
            while await asyncio.to_thread(_live, scene.state):
                await asyncio.sleep(0.2)
            await oms.leave()
            assert told["cancels"] >= resting, told
            return began, answered, live

        began, answered, live = talk(client(), Clock(), script)
        cancels = [at for at in scene.end()["cancels"].values() if at > began]
        return {
            "resting": live,
            "canceled": len(cancels),
            "answered_ms": round((answered - began) / 1e6, 2),
            "first_cancel_ms": round((min(cancels) - began) / 1e6, 2),
            "last_cancel_ms": round((max(cancels) - began) / 1e6, 2),
        }


def _live(state: Path) -> int:
    answer = ask(state, {"command": "status"}, answer_s=ANSWER_S)
    found: int = answer["children"]["live"]
    return found


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--rate", type=float, default=300.0, help="parents in a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--durability", choices=("sync", "page-cache"), default="sync")
    parser.add_argument("--resting", type=int, default=1_000, help="children when it is killed")
    parser.add_argument("--only-load", action="store_true", help="no kill switch")
    parser.add_argument("--search", action="store_true", help="look for the highest rate too")
    asked = parser.parse_args(argv)
    machine: dict[str, object] = {"cpus": os.cpu_count(), "load_before": os.getloadavg()[0]}
    found: dict[str, object] = {"load": load(asked.rate, asked.seconds, asked.durability)}
    if not asked.only_load:
        found["kill"] = kill(asked.durability, asked.resting)
    if asked.search:
        found["search"] = highest(asked.durability)
    machine["load_after"] = os.getloadavg()[0]
    print(json.dumps({"machine": machine, **found}, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
