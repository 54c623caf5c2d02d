"""A state folder with a short day in it: the real node against the simulated market, virtual time.

Owns the wiring of `router.runtime.sim` for the tests of commands that read state folders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.settings import DEFAULT_CONFIG, Settings, load_settings
from router import build
from router.fix.client import OmsClient
from router.fix.session import SessionConfig
from router.journal.memory import MemoryStorage
from router.journal.recovery import read_steps
from router.journal.segments import Journal
from router.journal.storage import FileStorage
from router.messages import Step, encode_step
from router.model import NS, Side, TimeInForce
from router.runtime.node import Built
from router.runtime.sim import Endpoint, Sim
from venues.market import Market
from venues.market_file import read_market
from venues.market_gateways import MarketGateways

START = 1_767_623_400 * NS
"""2026-01-05 14:30 UTC."""

OVERRIDES = ["journal.segment_mib=1"]


@dataclass(slots=True)
class Oms:
    """An `OmsClient` as an endpoint of the simulator."""

    client: OmsClient
    conn: int = 0
    closes: list[int] = field(default_factory=list)

    def opened(self, name: str, conn: int, now: int) -> None:
        self.conn = conn
        self.client.opened(now)

    def received(self, conn: int, data: bytes, now: int) -> None:
        self.client.received(data, now)

    def closed(self, conn: int, now: int) -> None:
        self.client.closed(now)

    def deadline(self) -> int | None:
        return self.client.deadline()

    def tick(self, now: int) -> None:
        self.client.tick(now)

    def take_writes(self) -> list[tuple[int, bytes]]:
        data = self.client.writes()
        return [(self.conn, data)] if data else []

    def take_closes(self) -> list[int]:
        return [self.conn] if self.client.wants_close else []


class Venues(MarketGateways):
    """The market's gateways as an endpoint: sessions are named `MIC` and `MIC.MD`."""

    def opened(self, mic: str, conn: int, now: int) -> None:
        super().opened(mic.removesuffix(".MD"), conn, now)


class Day:
    """A market, a node and an OMS in virtual time."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings(DEFAULT_CONFIG, OVERRIDES)
        assert self.settings.simulate is not None
        market = Market(read_market(self.settings.simulate.market), seed=7, start=START)
        gateways = Venues(market, start=START)
        config = SessionConfig(sender_comp_id="OMS", target_comp_id="SLUICE", role="initiator")
        self.oms = Oms(OmsClient(config, prefix="O"))
        peers: dict[str, Endpoint] = {"OMS": self.oms}
        for each in self.settings.venues:
            peers[each.mic] = gateways
            if each.market_data is not None:
                peers[f"{each.mic}.MD"] = gateways
        self.sim = Sim(self._open, peers=peers, storage=MemoryStorage(), start=START, seed=7)
        self.run(6)
        assert self.oms.client.logged_on

    def _open(self, storage: MemoryStorage) -> Built:
        return build.node(self.settings, storage, monotonic=lambda: self.sim.now)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.sim.run(self.sim.now + int(seconds * NS))

    def order(
        self,
        side: Side,
        qty: int,
        *,
        tif: TimeInForce = TimeInForce.DAY,
        seconds: float = 0,
        price: int | None = None,
        algo: str = "",
        account: str = "",
    ) -> str:
        """Send an order; its ClOrdID."""
        now = self.sim.now
        cl_ord_id = self.oms.client.new_order(
            "ACME",
            side,
            qty,
            now=now,
            price=price,
            tif=tif,
            algo=algo,
            account=account,
            expire_time=now + int(seconds * NS) if seconds else 0,
        )
        self.sim.poke(self.oms)
        return cl_ord_id

    def cancel(self, cl_ord_id: str) -> str:
        """Ask for an order back; the request's ClOrdID."""
        request = self.oms.client.cancel(cl_ord_id, self.sim.now)
        self.sim.poke(self.oms)
        return request

    def crash(self, *, power: bool = False) -> None:
        """Kill the node, and let it start again. With the power what was not synced may go too."""
        self.sim.crash(power=power)
        self.run(8)
        assert self.oms.client.logged_on

    def save(self, folder: Path) -> Path:
        """The disk as a state folder."""
        self.sim.built.market_file.flush()
        return copy_out(self.sim.storage, folder)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A folder, and what was sent: ClOrdIDs of the client."""

    folder: Path
    swept: str
    """1,000 bought at the market."""
    scheduled: str
    """3,000 sold by twap."""
    refused: str
    """6,000,000: above a limit."""
    canceled: str
    """Far from the market, then taken back; the request is `cancel`."""
    cancel: str
    after_restart: str


def copy_out(storage: MemoryStorage, folder: Path) -> Path:
    """Every file of a storage in memory, as files, with the FORMAT of a state folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "FORMAT").write_text("sluice-state 1\n")
    for name in storage.names():
        if name != "headroom":
            (folder / name).write_bytes(storage.read(name, 0, storage.size(name)))
    return folder


def write_journal(folder: Path, steps: Sequence[Step]) -> Path:
    """A state folder whose journal has exactly these steps."""
    journal = Journal(FileStorage(folder), segment_bytes=1 << 20, headroom_bytes=0)
    for _ in journal.open():
        raise AssertionError("the folder is not new")
    for step in steps:
        journal.append(step.seq, step.now, step.now, encode_step(step))
    journal.close()
    return folder


def read_journal(folder: Path) -> list[Step]:
    """All steps of a state folder's journal."""
    return [step for _, step in read_steps(FileStorage(folder, read_only=True))]
