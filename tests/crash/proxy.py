"""A chaos proxy: TCP on loopback, and what lines do to those who trust them.

Owns connections and what is done to their bytes, in a thread and a loop of its own. Knows no FIX.
What it does next is drawn from a seed; when, depends on the machine.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

HOST = "127.0.0.1"
READ = 1 << 14
LINGER_0 = struct.pack("ii", 1, 0)
"""SO_LINGER: a close sends RST."""
WAIT_S = 30.0
T = TypeVar("T")


@dataclass
class Weather:
    """What the lines do to bytes at the moment."""

    frozen: bool = False
    """Nothing moves; connections stay."""
    deaf: bool = False
    """Half open: what the daemon's peer sends is thrown away, and nobody is told."""
    single: bool = False
    """Byte by byte."""
    delay_s: float = 0.0
    flip: float = 0.0
    """How often a piece has one bit changed."""


@dataclass
class Lane:
    """One connection through the proxy."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def cut(self, *, rst: bool) -> None:
        """End it on both sides."""
        for writer in (self.near, self.far):
            if rst:
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
                writer.transport.abort()
            else:
                writer.close()


class Proxy:
    """Ports in front of other ports."""

    def __init__(self, seed: int) -> None:
        self.weather = Weather()
        self.met = 0
        """Pieces that the weather has done something to."""
        self.opened = 0
        """Connections so far."""
        self._waiting: list[asyncio.Future[None]] = []
        self._rng = np.random.Generator(np.random.Philox(key=seed))
        self._lanes: list[Lane] = []
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def before(self, port: int) -> int:
        """A port that leads to another one."""
        return self._do(self._listen, port)

    def cut(self, *, rst: bool) -> None:
        """End every connection."""

        async def work() -> None:
            for lane in self._lanes:
                lane.cut(rst=rst)
            self._lanes.clear()

        self._do(work)

    def thaw(self) -> None:
        """What is frozen goes on."""
        self.weather.frozen = False
        self._loop.call_soon_threadsafe(self._stir)

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait, in any loop, for what the proxy does; whoever waits too long has a timeout."""
        future = asyncio.run_coroutine_threadsafe(self._until(done), self._loop)
        await asyncio.wait_for(asyncio.wrap_future(future), WAIT_S)

    async def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._waiting.append(self._loop.create_future())
            await self._waiting[-1]

    def _stir(self) -> None:
        """Something has happened: let those look who wait."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def _meet(self) -> None:
        self.met += 1
        self._stir()

    def close(self) -> None:
        """End everything."""
        self.cut(rst=True)

        async def work() -> None:
            for server in self._servers:
                server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(work)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()

    def _do(self, work: Callable[..., Coroutine[None, None, T]], *args: object) -> T:
        return asyncio.run_coroutine_threadsafe(work(*args), self._loop).result(WAIT_S)

    async def _listen(self, port: int) -> int:
        async def taken(reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
            try:
                answers, far = await asyncio.open_connection(HOST, port)
            except OSError:
                near.transport.abort()
                return
            lane = Lane(near, far)
            self._lanes.append(lane)
            self.opened += 1
            self._stir()
            lane.tasks = [
                asyncio.create_task(self._carry(reader, far, heard=True)),
                asyncio.create_task(self._carry(answers, near, heard=False)),
            ]
            await asyncio.wait(lane.tasks, return_when=asyncio.FIRST_COMPLETED)
            lane.cut(rst=False)
            for task in lane.tasks:
                task.cancel()
            if lane in self._lanes:
                self._lanes.remove(lane)

        server = await asyncio.start_server(taken, HOST, 0)
        self._servers.append(server)
        found: int = server.sockets[0].getsockname()[1]
        return found

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, heard: bool
    ) -> None:
        """One way of a connection; `heard` bytes arrive even if the other way is deaf."""
        try:
            while data := await reader.read(READ):
                if self.weather.frozen:
                    self._meet()
                    await self._until(lambda: not self.weather.frozen)
                if self.weather.deaf and not heard:
                    self._meet()
                    continue
                if self.weather.delay_s:
                    await asyncio.sleep(self.weather.delay_s)  # that is the fault
                    self._meet()
                for piece in self._pieces(data):
                    writer.write(piece)
                    await writer.drain()
        except ConnectionError:
            return

    def _pieces(self, data: bytes) -> list[bytes]:
        if self.weather.flip and self._rng.random() < self.weather.flip:
            at = int(self._rng.integers(len(data)))
            changed = bytes([data[at] ^ (1 << int(self._rng.integers(8)))])
            data = data[:at] + changed + data[at + 1 :]
            self._meet()
        return [data[at : at + 1] for at in range(len(data))] if self.weather.single else [data]


@contextmanager
def proxy(seed: int) -> Iterator[Proxy]:
    """A proxy that is gone afterwards."""
    made = Proxy(seed)
    try:
        yield made
    finally:
        made.close()
