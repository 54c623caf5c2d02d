"""The health process's shell: a socket for signs, a port for questions, and a journal to follow.

Owns the loop, the sockets and their bounds. The daemon never waits for anything here: its datagrams
are taken or lost, its journal is only read.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from router import signs
from router.api import answers, disk, watch
from router.api.following import Follower
from router.api.hearing import hear
from router.api.http import END, HEAD_MAX, Answer, BadRequest, encode, path_of
from router.api.metrics import Scene

HEAD_S = 5.0
"""How long a request may take to come, and its answer to leave; real seconds."""
CONNECTIONS_MAX = 16
"""With so many, whoever has been silent for the longest gives way to the next."""
POLL_S = 0.5
"""How often the journal is looked at when there was nothing new."""
SAVE_S = 60.0
"""How often it is noted how far the journal was counted."""
TURN_S = 0.01
"""Between two slices of a journal that is long."""


class Occupied(Exception):  # noqa: N818 - says what is
    """Another health process has the state folder."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where questions are answered."""

    host: str
    port: int


class Health:
    """Watches one daemon until it is cancelled."""

    def __init__(self, folder: Path, place: Place, *, version: str) -> None:
        self.follower = Follower(folder)
        self.watch = watch.Watch(began_at=time.monotonic_ns())
        self._folder = folder
        self._place = place
        self._version = version
        self._socket: socket.socket | None = None
        self._silent: list[asyncio.StreamWriter] = []
        """Who has asked nothing yet, in the order in which they came."""
        self._telling = 0
        """How many answers are on their way."""
        self._saved_at = time.monotonic()

    async def run(self, stop: asyncio.Event, on_listen: Callable[[int], None]) -> None:
        """Listen, follow the journal, and answer until `stop`.

        Raises:
            OSError: the port cannot be had.
            Occupied: another health process has the folder.
        """
        server = await asyncio.start_server(
            self._question, self._place.host, self._place.port, limit=HEAD_MAX
        )
        following = asyncio.ensure_future(self._follow())
        stopping = asyncio.ensure_future(stop.wait())
        try:
            on_listen(server.sockets[0].getsockname()[1])
            await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        finally:
            for task in (following, stopping):
                task.cancel()
            server.close()
            self._close()
        self.follower.save()

    def scene(self) -> Scene:
        """Everything that an answer is made of, as of now."""
        now = time.monotonic_ns()
        return Scene(
            watch=self.watch,
            follower=self.follower,
            disk=disk.look(self._folder),
            alive=watch.live(self.watch, now),
            ready=watch.ready(self.watch, now, broken=self.follower.broken),
            now=now,
        )

    # -- the daemon's signs ----------------------------------------------------------------------

    def _listen(self) -> None:
        """Take signs, once the folder is the daemon's: a new one must be empty when it starts.

        Raises:
            Occupied: somebody takes them already.
        """
        if self._socket is not None or not self.follower.is_there:
            return
        found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        found.setblocking(False)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # Through its folder's descriptor: a Unix socket's path must be short.
            path = f"/proc/self/fd/{folder}/{signs.SOCKET_NAME}"
            if _is_taken(path):
                found.close()
                raise Occupied(f"another health process watches {self._folder}")
            Path(path).unlink(missing_ok=True)
            found.bind(path)
            Path(path).chmod(0o600)
        finally:
            os.close(folder)
        self._socket = found
        asyncio.get_running_loop().add_reader(found, self._hear, found)

    def _hear(self, found: socket.socket) -> None:
        try:
            told = signs.decode(found.recv(signs.SIGNS_MAX + 1))
            self.watch.hear(told, time.monotonic_ns())
            hear(self.follower.tally, told)
        except BlockingIOError:
            pass
        except ValueError as error:
            self.watch.refused = str(error)

    def _close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            (self._folder / signs.SOCKET_NAME).unlink(missing_ok=True)

    # -- its journal -----------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            self._listen()
            found = self.follower.read()
            if time.monotonic() - self._saved_at >= SAVE_S and self.follower.caught_up:
                self._saved_at = time.monotonic()
                self.follower.save()
            await asyncio.sleep(TURN_S if found else POLL_S)

    # -- questions -------------------------------------------------------------------------------

    async def _question(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_S):
                told = Answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections\n")
                if self._has_room():
                    told = await self._answer(reader, writer)
                await self._tell(writer, told)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            writer.transport.abort()  # it has gone, takes too long, or has given way

    def _has_room(self) -> bool:
        """Whether there is a place for one more; silence keeps none."""
        if len(self._silent) + self._telling < CONNECTIONS_MAX:
            return True
        if not self._silent:
            return False
        self._silent.pop(0).transport.abort()
        return True

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        self._silent.append(writer)
        try:
            path = path_of(await _head(reader))
        except BadRequest as error:
            return Answer(error.status, f"{error}\n")
        finally:
            if writer in self._silent:
                self._silent.remove(writer)
        return answers.answer(path, self.scene(), version=self._version)

    async def _tell(self, writer: asyncio.StreamWriter, told: Answer) -> None:
        self._telling += 1
        try:
            writer.write(encode(told))
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        finally:
            self._telling -= 1


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(END)
    except asyncio.LimitOverrunError:
        text = f"the head may have {HEAD_MAX} bytes"
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text) from None


def _is_taken(path: str) -> bool:
    """True if a process takes datagrams there; a file that a dead one left does not count."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def serve(health: Health, on_listen: Callable[[int], None], stop_on: tuple[int, ...]) -> None:
    """Run until one of the signals comes.

    Raises:
        OSError, Occupied: as `Health.run` does.
    """

    async def body() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in stop_on:
            loop.add_signal_handler(number, stop.set)
        await health.run(stop, on_listen)

    asyncio.run(body())
