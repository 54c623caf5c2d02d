"""Who stands at the other ends of the node's wires: OMSs that keep their numbers, and venues."""

from __future__ import annotations

from collections.abc import Callable

from router.fix.client import OmsClient
from router.fix.dictionary import dictionary
from router.fix.session import SessionConfig
from router.fix.versions import Version
from router.simulation.reading import Read, Stream
from venues.market_gateways import MarketGateways


class OmsEnd:
    """An OMS: the client of the shell, and a record of every frame that reached it."""

    def __init__(
        self,
        name: str,
        version: Version,
        on_read: Callable[[str, Read], None],
        *,
        begins_again: bool = False,
    ) -> None:
        """`begins_again`: its numbers do, with every call."""
        config = SessionConfig(
            begin_string=version.begin_string,
            default_appl_ver_id=version.appl_ver_id if version.fixt else "",
            sender_comp_id=name,
            target_comp_id="SLUICE",
            role="initiator",
            validate=dictionary(version),
            reset_on_logon=begins_again,
        )
        self.name = name
        self.client = OmsClient(config, prefix=name)
        self._on_read = on_read
        self._stream = Stream()
        self._conn: int | None = None
        self._closing = False

    def opened(self, name: str, conn: int, now: int) -> None:
        """The call is taken."""
        assert self._conn is None, "one call at a time"
        self._conn, self._stream, self._closing = conn, Stream(), False
        self.client.opened(now)

    def received(self, conn: int, data: bytes, now: int) -> None:
        """Bytes from the node."""
        for frame in self._stream.feed(data):
            self._on_read(self.name, frame)
        self.client.received(data, now)

    def closed(self, conn: int, now: int) -> None:
        """The call is over."""
        self._conn = None
        self.client.closed(now)

    def deadline(self) -> int | None:
        """When the client wants `tick`."""
        return self.client.deadline()

    def tick(self, now: int) -> None:
        """Time has passed."""
        self.client.tick(now)

    def take_writes(self) -> list[tuple[int, bytes]]:
        """What the client has to say. What it rejects is lost to it."""
        data = self.client.writes()
        assert b"\x0135=3\x01" not in data, f"the node is rejected: {data!r}"
        return [(self._conn, data)] if data and self._conn is not None else []

    def take_closes(self) -> list[int]:
        """The call, once, if the client wants it to end."""
        if self._conn is None or self._closing or not self.client.wants_close:
            return []
        self._closing = True
        return [self._conn]


class VenuesEnd:
    """All venues behind their gateways; both sessions of a venue call the same MIC."""

    def __init__(self, gateways: MarketGateways) -> None:
        self._gateways = gateways
        self.received = gateways.received
        self.closed = gateways.closed
        self.deadline = gateways.deadline
        self.tick = gateways.tick
        self.take_closes = gateways.take_closes

    def take_writes(self) -> list[tuple[int, bytes]]:
        """What the venues have to say. They judge by their dictionaries, and reject nothing."""
        writes = self._gateways.take_writes()
        for _, data in writes:
            assert b"\x0135=3\x01" not in data, f"the node is rejected: {data!r}"
        return writes

    def opened(self, name: str, conn: int, now: int) -> None:
        """A call for order entry, `LIT_A`, or market data, `LIT_A.MD`."""
        self._gateways.opened(name.removesuffix(".MD"), conn, now)
