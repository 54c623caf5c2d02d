"""The simulated venues as a process: `python -m venues --market FILE`.

Owns sockets, the wall clock, the files of a venue and the way the process starts and ends. Knows no
FIX and no trading: it moves bytes between connections and `MarketGateways`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import uvloop

from config.documents import DocumentError
from router.model import NS
from venues.audit import AuditFile
from venues.gateway import BACKLOG_HARD
from venues.market import Market
from venues.market_data import BACKLOG_RESUME, BACKLOG_SOFT
from venues.market_file import read_market
from venues.market_gateways import MarketGateways
from venues.numbers import FileNumbers, NumbersError
from venues.options import Options, read_options
from venues.recording import RecordingError

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_CONFIGURATION = 4
TIMER_MIN_S = 0.0005
"""The market is not asked more often than this of its own accord, in wall seconds."""
CLOSE_WAIT_S = 2.0
"""How long written bytes may take to leave when the process ends."""


class ServeError(Exception):
    """The process cannot go on; the text is one line for the operator."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


# --- time ----------------------------------------------------------------------------------------


class ScaledClock:
    """UTC nanoseconds that run `speed` times as fast as the wall since the wall said `origin`.

    The wall is read once; after that the monotonic clock counts, so `now` never goes back. Two
    processes with the same origin and speed agree as well as their walls do.
    """

    def __init__(self, *, origin: int | None = None, speed: float = 1.0) -> None:
        self.speed = speed
        self._monotonic = time.monotonic_ns()
        self._wall = time.time_ns()
        self.origin = self._wall if origin is None else origin

    def now(self) -> int:
        """Simulated UTC nanoseconds."""
        wall = self._wall + time.monotonic_ns() - self._monotonic
        return self.origin + int((wall - self.origin) * self.speed)

    def wait_s(self, until: int) -> float:
        """Wall seconds until the clock says `until`; 0 if it has."""
        return max(0.0, (until - self.now()) / self.speed / NS)


# --- sockets -------------------------------------------------------------------------------------


class _Connection(asyncio.Protocol):
    """One accepted connection: its bytes go to the driver and come from it."""

    def __init__(self, driver: Driver, mic: str) -> None:
        self._driver = driver
        self._mic = mic
        self.number = driver.next_number()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The peer is there."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self.transport.set_write_buffer_limits(high=BACKLOG_SOFT, low=BACKLOG_RESUME)
        self._driver.opened(self, self._mic)

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        self._driver.received(self.number, data)

    def resume_writing(self) -> None:
        """What was waiting has left."""
        self._driver.drained(self.number)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone."""
        self._driver.lost(self.number)


class Driver:
    """Moves bytes and time between an event loop and the gateways."""

    def __init__(self, gateways: MarketGateways, clock: ScaledClock) -> None:
        self._gateways = gateways
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._connections: dict[int, _Connection] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: int | None = None

    def next_number(self) -> int:
        """A connection's number, unique in the process."""
        self._count += 1
        return self._count

    def opened(self, connection: _Connection, mic: str) -> None:
        """A venue has accepted a connection."""
        self._connections[connection.number] = connection
        self._gateways.opened(mic, connection.number, self._clock.now())
        self.flush()

    def received(self, number: int, data: bytes) -> None:
        """Bytes came in."""
        self._gateways.received(number, data, self._clock.now())
        self.flush()

    def drained(self, number: int) -> None:
        """A connection's unsent bytes fell below the lower bound."""
        transport = self._transport(number)
        unsent = transport.get_write_buffer_size() if transport else 0
        self._gateways.backlog(number, unsent, self._clock.now())
        self.flush()

    def lost(self, number: int) -> None:
        """A connection is gone."""
        if self._connections.pop(number, None) is not None:
            self._gateways.closed(number, self._clock.now())
            self.flush()

    def flush(self) -> None:
        """Write what is to be written, close what is to be closed, arm the timer."""
        touched: dict[int, asyncio.Transport] = {}
        for number, data in self._gateways.take_writes():
            transport = self._transport(number)
            if transport is not None:
                transport.write(data)
                touched[number] = transport
        for number, transport in touched.items():
            unsent = transport.get_write_buffer_size()
            if unsent > BACKLOG_SOFT:
                self._gateways.backlog(number, unsent, self._clock.now())
        for number in self._gateways.take_closes():
            self._close(number)
        self._arm()

    async def end(self) -> None:
        """Stop the timer and close every connection, giving written bytes a moment to leave."""
        if self._timer is not None:
            self._timer.cancel()
        for number in list(self._connections):
            self._close(number)
        deadline = self._loop.time() + CLOSE_WAIT_S
        while self._connections and self._loop.time() < deadline:
            await asyncio.sleep(0.01)

    def _transport(self, number: int) -> asyncio.Transport | None:
        connection = self._connections.get(number)
        return connection.transport if connection else None

    def _close(self, number: int) -> None:
        transport = self._transport(number)
        if transport is None:
            return
        if transport.get_write_buffer_size() > BACKLOG_HARD:
            transport.abort()  # A peer that does not read would keep a closing one open for ever.
        else:
            transport.close()

    def _arm(self) -> None:
        deadline = self._gateways.deadline()
        if deadline == self._armed_for and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._armed_for = deadline
        if deadline is not None:
            delay = max(TIMER_MIN_S, self._clock.wait_s(deadline))
            self._timer = self._loop.call_later(delay, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._gateways.tick(self._clock.now())
        self.flush()


async def serve(
    gateways: MarketGateways,
    clock: ScaledClock,
    *,
    host: str,
    base_port: int,
    ready: Callable[[dict[str, int]], None],
    stop: asyncio.Event,
) -> None:
    """Listen on one port a venue, from `base_port` up in the market's order, until `stop` is set.

    `base_port` 0 takes any free ports. `ready` is given the ports by MIC once all listen.

    Raises:
        ServeError: if a port cannot be had.
    """
    loop = asyncio.get_running_loop()
    driver = Driver(gateways, clock)
    servers: list[asyncio.Server] = []
    ports: dict[str, int] = {}
    try:
        for index, mic in enumerate(gateways.gateways):
            port = base_port + index if base_port else 0
            try:
                server = await loop.create_server(_maker(driver, mic), host, port)
            except OSError as error:
                text = f"{mic} cannot listen on {host}:{port}: {_reason(error)}; "
                text += "end the process that holds the port or choose another --base-port"
                raise ServeError(text, EXIT_FAILED) from None
            servers.append(server)
            ports[mic] = server.sockets[0].getsockname()[1]
        ready(ports)
        driver.flush()
        await stop.wait()
    finally:
        for server in servers:
            server.close()
        await driver.end()


def _maker(driver: Driver, mic: str) -> Callable[[], _Connection]:
    return lambda: _Connection(driver, mic)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)


# --- the process ---------------------------------------------------------------------------------


async def _run(options: Options) -> None:
    clock = ScaledClock(origin=options.origin, speed=options.speed)
    start = clock.now()
    spec = read_market(options.market)
    if spec.awaits_parent:
        text = "waits for a share of a parent order, but `parents` has no single `qty_adv`"
        raise ServeError(f"{spec.awaits_parent}: {text}", EXIT_CONFIGURATION)
    numbers = FileNumbers(options.state) if options.state else None
    audit = _audit(options.audit) if options.audit else None
    market = Market(spec, seed=options.seed, start=start)
    try:
        profiles = options.profiles(market.mics)
    except ValueError as error:
        raise ServeError(str(error), EXIT_CONFIGURATION) from None
    gateways = MarketGateways(market, numbers=numbers, audit=audit, profiles=profiles, start=start)
    stop = asyncio.Event()
    _end_on_signals(stop, follow_stdin=options.follow_stdin)
    faults = _end_on_faults(stop)
    try:
        await serve(
            gateways,
            clock,
            host=options.host,
            base_port=options.base_port,
            ready=_say_ready,
            stop=stop,
        )
    finally:
        if audit is not None:
            audit.close()
    if faults:
        raise ServeError(f"ended by a fault of its own: {faults[0]!r}", EXIT_FAILED)


def _audit(path: Path) -> AuditFile:
    try:
        return AuditFile(path)
    except OSError as error:
        text = f"{path}: {_reason(error)}; choose another file with --audit"
        raise ServeError(text, EXIT_CONFIGURATION) from None


def _end_on_signals(stop: asyncio.Event, *, follow_stdin: bool) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if not follow_stdin:
        return

    def read() -> None:
        if not os.read(0, 4_096):
            loop.remove_reader(0)
            stop.set()

    try:
        loop.add_reader(0, read)
    except OSError:
        text = "--follow-stdin needs a pipe or a terminal as stdin"
        raise ServeError(text, EXIT_CONFIGURATION) from None


def _end_on_faults(stop: asyncio.Event) -> list[BaseException]:
    """Let the first exception out of a callback end the process; it is in the list then.

    A venue whose books may be wrong must not go on. What a socket does is no fault.
    """
    loop = asyncio.get_running_loop()
    faults: list[BaseException] = []

    def handle(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fault = context.get("exception")
        if isinstance(fault, OSError):
            return
        loop.default_exception_handler(context)
        faults.append(fault or RuntimeError(context["message"]))
        stop.set()

    loop.set_exception_handler(handle)
    return faults


def _say_ready(ports: dict[str, int]) -> None:
    sys.stdout.write(json.dumps({"ready": True, "venues": ports}) + "\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the venues until they are told to end; the exit code."""
    try:
        options = read_options(sys.argv[1:] if argv is None else argv)
    except SystemExit as error:
        return EXIT_OK if not error.code else EXIT_CONFIGURATION
    try:
        uvloop.run(_run(options))
    except (DocumentError, NumbersError, RecordingError) as error:
        return _fail(str(error), EXIT_CONFIGURATION)
    except ServeError as error:
        return _fail(str(error), error.code)
    except OSError as error:
        return _fail(f"{error.filename or 'venues'}: {_reason(error)}", EXIT_FAILED)
    return EXIT_OK


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"venues: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
