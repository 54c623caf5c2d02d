"""FIX acceptors of simulated venues, without I/O: bytes of many connections in, bytes out.

Owns which connection is which session, and the routing between sessions, applications and the
market. Knows no socket, file or clock: a driver moves the bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from router.fix.dictionary import dictionary
from router.fix.lobby import Lobby
from router.fix.reception import Admitted
from router.fix.session import SessionConfig
from venues.audit import Audit, AuditKind, AuditRecord
from venues.drop_copy import DropCopyFeed
from venues.gateway_profile import GatewayProfile
from venues.line import Line
from venues.market_data import DataMarket, MarketDataFeed
from venues.messages import (
    BookChanged,
    BookSnapshot,
    DataSilenced,
    QuoteIssued,
    QuoteRefused,
    QuoteWithdrawn,
    SessionDropped,
    TradingStatus,
    VenueMessage,
)
from venues.numbers import NumberStore
from venues.order_entry import OrderEntry, OrderMarket
from venues.order_outbox import Outbox, VenueIds

BACKLOG_HARD = 16 * 1024 * 1024
"""Unsent bytes above which a connection is closed."""


class VenueMarket(OrderMarket, DataMarket, Protocol):
    """The market as its gateways use it."""

    @property
    def mics(self) -> tuple[str, ...]:
        """The venues, in the order of the market file."""

    @property
    def symbol(self) -> str:
        """The one symbol that is traded."""

    def deadline(self) -> int | None:
        """When something happens by itself."""

    def tick(self, now: int) -> None:
        """Let everything happen up to `now`."""

    def take(self) -> list[VenueMessage]:
        """What the venues have said since the last time, in order."""


class VenueGateway:
    """One venue's acceptor: an order-entry and a market-data session, and strangers."""

    def __init__(
        self,
        mic: str,
        market: VenueMarket,
        *,
        numbers: NumberStore,
        audit: Audit,
        profile: GatewayProfile,
        start: int,
        settle: Callable[[int], None],
        used: Callable[[VenueGateway], None],
    ) -> None:
        """`MarketGateways` gives `settle`, which routes what the market has said, and `used`."""
        self.mic = mic
        self._profile = profile
        self._store = numbers
        ids = VenueIds(mic, numbers.open_epoch(mic))
        audit.note(AuditRecord(kind=AuditKind.STARTED, mic=mic, time=start, epoch=ids.epoch))
        self._drop_copies = DropCopyFeed(profile.dialect)
        self.order_entry = OrderEntry(
            symbol=market.symbol,
            market=market,
            outbox=Outbox(
                mic=mic,
                client=profile.client,
                dialect=profile.dialect,
                ids=ids,
                audit=audit,
                copy=self._drop_copies.copy if profile.copy_client else None,
            ),
            ids=ids,
            profile=profile.order_entry,
        )
        self.feed = MarketDataFeed(
            mic=mic,
            symbol=market.symbol,
            owner=profile.client,
            dialect=profile.dialect,
            market=market,
        )
        self._orders = Line(
            self._config(profile.client, durable=True),
            self.order_entry,
            numbers=numbers.numbers(mic, profile.client),
            settle=settle,
        )
        self._data = Line(
            self._config(profile.data_client, durable=False), self.feed, settle=settle
        )
        self._lines = {profile.client: self._orders, profile.data_client: self._data}
        if profile.copy_client:
            self._lines[profile.copy_client] = self._copy_line(settle)
        self._lobby = Lobby(
            {
                (profile.version.begin_string, client, mic): line
                for client, line in self._lines.items()
            }
        )
        self._conns: dict[int, Line] = {}
        self._writes: list[tuple[int, bytes]] = []
        self._closes: list[int] = []
        self._shut_until = 0
        """Until then nobody may log on for orders."""
        self._silent_until = 0
        """Until then the market-data session hangs."""
        self._unread: list[tuple[int, bytes]] = []
        """What its client has written meanwhile."""
        self._used = used
        used(self)

    def _copy_line(self, settle: Callable[[int], None]) -> Line:
        """The session of drop copies."""
        client = self._profile.copy_client
        return Line(
            self._config(client, durable=True),
            self._drop_copies,
            numbers=self._store.numbers(self.mic, client),
            settle=settle,
        )

    def _config(self, client: str, *, durable: bool) -> SessionConfig:
        version = self._profile.version
        return SessionConfig(
            begin_string=version.begin_string,
            default_appl_ver_id=version.appl_ver_id if version.fixt else "",
            validate=dictionary(version) if self._profile.validate else None,
            sender_comp_id=self.mic,
            target_comp_id=client,
            role="acceptor",
            heart_bt_int=self._profile.heart_bt_int,
            check_latency=self._profile.check_latency,
            reset_on_logon=not durable,
            durable=durable,
        )

    # --- in from the driver -----------------------------------------------------------------------

    def opened(self, conn: int, now: int) -> None:
        """A connection was accepted."""
        self._used(self)
        assert conn not in self._conns, conn
        if self._lobby.opened(conn, now) is not None:
            self._closes.append(conn)

    def received(self, conn: int, data: bytes, now: int) -> None:
        """Bytes came in. Those of a connection that is being closed are ignored."""
        self._used(self)
        self._read_on(now)
        line = self._conns.get(conn)
        if line is not None and self._hangs(line, now):
            self._unread.append((conn, data))
        elif line is not None:
            line.receive(data, now)
            self.pump(now)  # what it brought about is copied too
        elif self._lobby.holds(conn):
            self._introduce(conn, data, now)

    def closed(self, conn: int, now: int) -> None:
        """The connection is gone."""
        self._used(self)
        self._lobby.closed(conn)
        line = self._conns.pop(conn, None)
        if line is not None:
            line.lost(now)

    def backlog(self, conn: int, unsent: int, now: int) -> None:
        """So many bytes of the connection are written but not sent: conflate, or end it."""
        self._used(self)
        line = self._conns.get(conn)
        if line is None:
            return
        if unsent > BACKLOG_HARD:
            self._end(conn, now)
        elif line is self._data:
            self.feed.backlog(unsent, now)
            line.pump(now)
            self._collect(line, now)

    def deadline(self) -> int | None:
        """When `tick` is wanted."""
        unread = self._silent_until if self._unread else None
        times = [*map(self._due, self._lines.values()), self._lobby.deadline(), unread]
        return min((time for time in times if time is not None), default=None)

    def tick(self, now: int) -> None:
        """Time has passed: heartbeats, timeouts, strangers that said nothing."""
        if (self.deadline() or now + 1) > now:
            return
        self._used(self)
        self._read_on(now)
        for line in self._lines.values():
            due = self._due(line)
            if due is not None and due <= now:
                line.tick(now)
                self._collect(line, now)
        for conn in self._lobby.overdue(now):
            self._end(conn, now)

    # --- in from the market -----------------------------------------------------------------------

    def tell(self, message: VenueMessage, now: int) -> None:
        """Carry one message of the market to whom it is for."""
        self._used(self)
        match message:
            case BookChanged():
                self.feed.changed(message)
            case TradingStatus():
                self.feed.status_changed(message)
            case BookSnapshot():
                pass  # Asked for and answered within the feed.
            case QuoteIssued(quote_req_id=""):
                self.feed.quote_issued(message)
            case QuoteIssued():
                self.order_entry.quotes.issued(message)
            case QuoteWithdrawn():
                self.order_entry.quotes.withdrawn(message)
                self.feed.quote_withdrawn(message)
            case QuoteRefused():
                self.order_entry.quotes.refused(message)
            case SessionDropped():
                self._drop(message, now)
            case DataSilenced():
                self._silent_until = message.until
            case _:
                self.order_entry.outcomes.tell(message, now)

    def pump(self, now: int) -> None:
        """Send what `tell` has brought."""
        self._used(self)
        for line in self._lines.values():
            line.pump(now)
            self._collect(line, now)

    # --- out to the driver ------------------------------------------------------------------------

    def save(self) -> None:
        """Give the durable sessions' numbers to the store."""
        for client, line in self._lines.items():
            if line.durable:
                self._store.save(self.mic, client, line.numbers)

    def take_writes(self) -> list[tuple[int, bytes]]:
        """Bytes to write, by connection, in order."""
        writes, self._writes = self._writes, []
        return writes

    def take_closes(self) -> list[int]:
        """Connections to close once their bytes are written."""
        closes, self._closes = self._closes, []
        return closes

    def _introduce(self, conn: int, data: bytes, now: int) -> None:
        """Find the session that a connection's Logon asks for; drop in silence who asks for none.

        A message would spend a number of somebody's.
        """
        known = self._lobby.received(conn, data)
        if isinstance(known, Admitted) and known.key.conn is None and self._lets_in(known.key, now):
            self._conns[conn] = known.key
            known.key.connect(conn, now)
            known.key.receive(known.data, now)
            self._collect(known.key, now)
        elif known is not None:
            self._end(conn, now)

    def _lets_in(self, line: Line, now: int) -> bool:
        shut = line is self._orders and now < self._shut_until
        return not shut and not self._hangs(line, now)

    def _hangs(self, line: Line, now: int) -> bool:
        return line is self._data and now < self._silent_until

    def _due(self, line: Line) -> int | None:
        due = line.deadline() if line.conn is not None else None
        return max(due, self._silent_until) if due is not None and line is self._data else due

    def _read_on(self, now: int) -> None:
        """Read what was written to the market-data session while it hung."""
        if self._unread and now >= self._silent_until:
            unread, self._unread = self._unread, []
            for conn, data in unread:
                self.received(conn, data, now)

    def _drop(self, drop: SessionDropped, now: int) -> None:
        """The connection for orders is gone, without a Logout; what is under way still arrives."""
        self._shut_until = max(self._shut_until, drop.until)
        conn = self._orders.conn
        if conn is not None:
            self._orders.pump(now)
            self._collect(self._orders, now)
            self._orders.drop(drop)
            self.order_entry.at_next_loss(cancel=drop.cancel_on_disconnect)
            self._end(conn, now)

    def _collect(self, line: Line, now: int) -> None:
        conn = line.conn
        if conn is None:
            return
        self._writes += [(conn, data) for data in line.out]
        line.out.clear()
        if line.wants_close:
            self._end(conn, now)

    def _end(self, conn: int, now: int) -> None:
        self._closes.append(conn)
        self.closed(conn, now)
