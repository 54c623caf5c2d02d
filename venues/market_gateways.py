"""All gateways of one simulated market under one clock: what a driver holds.

Owns the order of things: the market first, then who it speaks to; account and numbers are durable
before the bytes that follow from them.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.fix.alarms import Alarms, earliest
from venues.audit import Audit, NoAudit
from venues.gateway import VenueGateway, VenueMarket
from venues.gateway_profile import GatewayProfile
from venues.numbers import MemoryNumbers, NumberStore


class MarketGateways:
    """The gateways by MIC, each woken only when it was used or is due."""

    def __init__(
        self,
        market: VenueMarket,
        *,
        numbers: NumberStore | None = None,
        audit: Audit | None = None,
        profile: GatewayProfile | None = None,
        profiles: Mapping[str, GatewayProfile] | None = None,
        start: int = 0,
    ) -> None:
        """`profiles` by MIC outrank `profile`; `start` is when the venues open, for the account."""
        self.market = market
        self.numbers = numbers or MemoryNumbers()
        self._audit = audit or NoAudit()
        self._alarms: Alarms[VenueGateway] = Alarms()
        self._unsaved: dict[VenueGateway, None] = {}
        """Those that were used since their numbers were given to the store."""
        shared = profile or GatewayProfile()
        self.gateways = {
            mic: VenueGateway(
                mic,
                market,
                numbers=self.numbers,
                audit=self._audit,
                profile=(profiles or {}).get(mic, shared),
                start=start,
                settle=self._route,
                used=self._note_use,
            )
            for mic in market.mics
        }
        self._venue_of: dict[int, VenueGateway] = {}
        self._routing = False
        self._closes: list[int] = []

    def opened(self, mic: str, conn: int, now: int) -> None:
        """A connection to a venue was accepted. `conn` is unique over all venues."""
        self._advance(now)
        self._venue_of[conn] = self.gateways[mic]
        self.gateways[mic].opened(conn, now)

    def received(self, conn: int, data: bytes, now: int) -> None:
        """Bytes came in."""
        self._advance(now)
        if gateway := self._venue_of.get(conn):
            gateway.received(conn, data, now)
            self._route(now)

    def closed(self, conn: int, now: int) -> None:
        """A connection is gone."""
        self._advance(now)
        if gateway := self._venue_of.pop(conn, None):
            gateway.closed(conn, now)
            self._route(now)

    def backlog(self, conn: int, unsent: int, now: int) -> None:
        """So many bytes of a connection are written but not sent."""
        self._advance(now)
        if gateway := self._venue_of.get(conn):
            gateway.backlog(conn, unsent, now)
            self._route(now)

    def deadline(self) -> int | None:
        """When `tick` is wanted: the market's next event or a session's timer."""
        return earliest(self.market.deadline(), self._alarms.first())

    def tick(self, now: int) -> None:
        """Time has passed."""
        self._advance(now)
        for gateway in self.gateways.values():
            if self._alarms.may_ring(gateway, now):
                gateway.tick(now)
        self._route(now)

    def take_writes(self) -> list[tuple[int, bytes]]:
        """Bytes to write, by connection, in order. Account and numbers are durable before them."""
        used = [gateway for gateway in self.gateways.values() if gateway in self._unsaved]
        self._unsaved.clear()
        for gateway in used:
            gateway.save()
        self._audit.flush()
        self.numbers.flush()
        return [write for gateway in used for write in gateway.take_writes()]

    def take_closes(self) -> list[int]:
        """Connections to close once their bytes are written."""
        closes = [conn for gateway in self.gateways.values() for conn in gateway.take_closes()]
        for conn in closes:
            self._venue_of.pop(conn, None)
        return closes

    def _note_use(self, gateway: VenueGateway) -> None:
        self._alarms.touch(gateway)
        self._unsaved[gateway] = None

    def _advance(self, now: int) -> None:
        due = self.market.deadline()
        if due is not None and due <= now:
            self.market.tick(now)
            self._route(now)

    def _route(self, now: int) -> None:
        """Carry what the market has said to the gateways, until it says no more."""
        if self._routing:
            return
        self._routing = True
        while messages := self.market.take():
            touched = {}
            for message in messages:
                gateway = self.gateways[message.mic]
                gateway.tell(message, now)
                touched[message.mic] = gateway
            for gateway in touched.values():
                gateway.pump(now)
        self._routing = False
