"""A parent worked over FIX: the whole node and the venues' gateways in virtual time.

Owns the scene: sessions, bytes, records and an OMS, wires that take no time. The other way into the
same market is `router.trials`; `bench.sim` compares what they cost, tests/sim/test_two_ways.py what
they do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from config.settings import load_settings
from router import build
from router.fix.client import OmsClient
from router.fix.session import SessionConfig
from router.fix.versions import FIX44
from router.journal.memory import MemoryStorage
from router.messages import OrderTerms, Step
from router.runtime.node import Built
from router.runtime.sim import Delays, Sim
from router.trials import composition
from venues.market import Market
from venues.market_gateways import MarketGateways

QUIET = ("fix.defaults.heart_bt_int=3600",)
"""A heartbeat is a record, and a record's number is chance."""


class _Oms:
    """An OMS at the other end of one wire."""

    def __init__(self) -> None:
        session = SessionConfig(
            begin_string=FIX44.begin_string,
            sender_comp_id=composition.SESSION,
            target_comp_id="SLUICE",
            role="initiator",
            heart_bt_int=3600,
        )
        self.client = OmsClient(session, prefix="X")
        self._conn: int | None = None

    def opened(self, name: str, conn: int, now: int) -> None:
        self._conn = conn
        self.client.opened(now)

    def received(self, conn: int, data: bytes, now: int) -> None:
        self.client.received(data, now)

    def closed(self, conn: int, now: int) -> None:
        self._conn = None
        self.client.closed(now)

    def deadline(self) -> int | None:
        return self.client.deadline()

    def tick(self, now: int) -> None:
        self.client.tick(now)

    def take_writes(self) -> list[tuple[int, bytes]]:
        data = self.client.writes()
        return [(self._conn, data)] if data and self._conn is not None else []

    def take_closes(self) -> list[int]:
        return []


class _Venues:
    """All venues behind their gateways; both sessions of a venue call the same MIC."""

    def __init__(self, gateways: MarketGateways) -> None:
        self._gateways = gateways
        self.received = gateways.received
        self.closed = gateways.closed
        self.deadline = gateways.deadline
        self.tick = gateways.tick
        self.take_writes = gateways.take_writes
        self.take_closes = gateways.take_closes

    def opened(self, name: str, conn: int, now: int) -> None:
        self._gateways.opened(name.removesuffix(".MD"), conn, now)


class OverFix:
    """One node in one market."""

    def __init__(
        self,
        market: Market,
        overrides: list[str],
        *,
        seed: int,
        on_step: Callable[[Step], None] | None = None,
    ) -> None:
        settings = load_settings(overrides=[*QUIET, f"seed={seed}", *overrides])
        parts = build.parts(settings)
        day = composition.bench(settings, market.spec).env.instruments  # with the market's hours
        parts = replace(parts, env=replace(parts.env, instruments=day))
        venues = _Venues(MarketGateways(market, start=market.now))
        names = [each.mic for each in settings.venues]
        names += [f"{each.mic}.MD" for each in settings.venues if each.market_data]
        self._oms = _Oms()
        self.sim = Sim(
            lambda storage: self._open(parts, storage, on_step),
            peers={**dict.fromkeys(names, venues), composition.SESSION: self._oms},
            storage=MemoryStorage(),
            start=market.now,
            seed=seed,
            delays=Delays(wire_min=0, wire_max=0, split=0.0),
        )
        self.sim.sync_ns = 0

    def _open(
        self, parts: build.Parts, storage: MemoryStorage, on_step: Callable[[Step], None] | None
    ) -> Built:
        return build.node(parts, storage, monotonic=lambda: self.sim.now, on_step=on_step)

    def order(self, at: int, terms: OrderTerms) -> None:
        """Let the OMS send an order at a time."""
        self.sim.at(at, lambda: self._order(terms))

    def _order(self, terms: OrderTerms) -> None:
        self._oms.client.new_order(
            terms.symbol,
            terms.side,
            terms.order_qty,
            now=self.sim.now,
            tif=terms.time_in_force,
            expire_time=terms.expire_time,
            account=terms.account,
            algo=terms.algo,
            params=terms.params,
        )
        self.sim.poke(self._oms)
