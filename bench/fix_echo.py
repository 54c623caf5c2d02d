"""The acceptor over a real socket: an order in, a report out, numbers checked, journaled.

Run as `python -m bench.fix_echo [rounds]`. Each round asks every server in turn, in processes of
their own on loopback: round trips with one message in flight, then a stream with 256 in flight.

- `sluice_none`, `sluice_page_cache`, `sluice_sync`: our session and dictionary, without a journal,
  and with journal and group commit in either durability
- `floor`: a uvloop server that copies bytes: what any Python server pays for its socket
- `quickfix`: QuickFIX's Python binding with its dictionary and FileStore, if this Python has it, or
  the one that QUICKFIX_PYTHON names
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.fix_echo_server import CLIENT, HOST, SERVER
from bench.measure import Figures, Result, at_least, at_most, untargeted
from router.fix.codec import decode, encode, time_text
from router.fix.framing import Framer

ROUNDS = 9
SINGLES = 200
STREAM = 4_096
IN_FLIGHT = 256
PORTS = range(25_000, 26_000)
ROOT = Path(__file__).parents[1]
TRAILER = b"\x0110="
"""Stands once in a message, four bytes and a SOH before its end."""
ORDER = (
    "11=%s\x011=ACC-17\x0121=1\x0118=M\x01110=100\x0155=BAC\x01207=XNYS\x0154=1\x0160=%s\x01"
    "38=5000\x0140=2\x0144=13.905\x0115=USD\x0159=0\x01528=A\x0158=care\x01114=N\x01"
)
"""25 fields with header and trailer."""


class Server:
    """A process that listens, and its CPU clock."""

    def __init__(self, arguments: list[str], port: int) -> None:
        self.port = port
        self._process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line == "listening\n", f"{arguments}: {line!r}"
        # clock_getcpuclockid(3) of another process, as Linux makes it: all its threads.
        self._cpu_clock = (~self._process.pid << 3) | 2

    def cpu_ns(self) -> int:
        return int(time.clock_gettime_ns(self._cpu_clock))

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)


@dataclass
class Client:
    """One session with one server, over a blocking socket."""

    server: Server
    echoes: bool = False
    """The server copies bytes: it has no session."""
    seq: int = 0
    got: int = 0
    """Messages that came back."""
    _framer: Framer = field(default_factory=Framer)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection((HOST, self.server.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(30)
        self._socket.sendall(self._frame("A", "98=0\x01108=3600\x01"))
        self._check(self._answer(), "A")

    def singles(self, figures: Figures, name: str) -> None:
        """One message at a time: the median round trip."""
        frames = self._orders(SINGLES)
        answers, took = [], []
        cpu = self.server.cpu_ns()
        for frame in frames:
            start = time.perf_counter_ns()
            self._socket.sendall(frame)
            answers.append(self._answer())
            took.append(time.perf_counter_ns() - start)
        cpu = self.server.cpu_ns() - cpu
        figures.note(name, wall_us=statistics.median(took) / 1e3, cpu_us=cpu / SINGLES / 1e3)
        self._check(b"".join(answers), "8")

    def stream(self, figures: Figures, name: str) -> None:
        """As many in flight as may be, and one more for each that has come back."""
        frames = self._orders(STREAM)
        answers = [b""]
        sent = answered = 0
        cpu, start = self.server.cpu_ns(), time.perf_counter_ns()
        while answered < STREAM:
            upto = min(STREAM, answered + IN_FLIGHT)
            if upto > sent:
                self._socket.sendall(b"".join(frames[sent:upto]))
                sent = upto
            tail = answers[-1][1 - len(TRAILER) :]  # a trailer may be cut in two
            answers.append(self._socket.recv(1 << 18))
            assert answers[-1], "the server has hung up"
            answered += (tail + answers[-1]).count(TRAILER)
        took, cpu = time.perf_counter_ns() - start, self.server.cpu_ns() - cpu
        figures.note(name, wall_us=took / STREAM / 1e3, cpu_us=cpu / STREAM / 1e3)
        data = b"".join(answers)
        if data[-8:-4] != TRAILER:
            data += self._answer()  # the last few bytes of the last message
        self._check(data, "8")

    def _orders(self, count: int) -> list[bytes]:
        now = time_text(time.time_ns())
        return [
            self._frame("D", ORDER % (f"20260105-{self.seq + 1:06d}", now)) for _ in range(count)
        ]

    def _frame(self, msg_type: str, body: str) -> bytes:
        self.seq += 1
        now = time_text(time.time_ns())
        header = f"34={self.seq}\x0149={CLIENT}\x0152={now}\x0156={SERVER}\x01"
        return encode("FIX.4.4", msg_type, header, body)

    def _answer(self) -> bytes:
        data = b""
        while data[-8:-4] != TRAILER:
            more = self._socket.recv(1 << 16)
            assert more, "the server has hung up"
            data += more
        return data

    def _check(self, data: bytes, msg_type: str) -> None:
        """Every message came back once, in order, under the next number, for the right order."""
        for frame in self._framer.feed(data):
            self.got += 1
            message = decode(frame)
            assert message.get("34") == str(self.got), message
            if not self.echoes:
                assert message.msg_type == msg_type, message
            if msg_type == "8":
                assert message.get("11") == f"20260105-{self.got:06d}", message
        assert self.got == self.seq
        assert self._framer.buffered == self._framer.garbled == 0


def free_port(used: set[int]) -> int:
    """A port of our range that nobody listens on."""
    start = os.getpid() % len(PORTS)
    port: int
    for port in (*PORTS[start:], *PORTS[:start]):
        with socket.socket() as probe:
            refused = probe.connect_ex((HOST, port)) != 0
        if refused and port not in used:
            used.add(port)
            return port
    raise AssertionError("no free port")


def quickfix_python() -> str:
    """The Python that has quickfix; empty if there is none."""
    named = os.environ.get("QUICKFIX_PYTHON", "")
    return named or (sys.executable if importlib.util.find_spec("quickfix") else "")


def servers(folder: Path) -> dict[str, Server]:
    """Start all of them."""
    ours = [sys.executable, "-m", "bench.fix_echo_server"]
    used: set[int] = set()
    found: dict[str, Server] = {}
    for durability in ("none", "page-cache", "sync"):
        state = folder / durability
        state.mkdir()
        port = free_port(used)
        name = f"sluice_{durability.replace('-', '_')}"
        found[name] = Server([*ours, "sluice", durability, str(port), str(state)], port)
    port = free_port(used)
    found["floor"] = Server([*ours, "floor", str(port)], port)
    if python := quickfix_python():
        state, port = folder / "quickfix", free_port(used)
        state.mkdir()
        script = str(Path(__file__).with_name("fix_echo_quickfix.py"))
        found["quickfix"] = Server([python, script, str(port), str(state)], port)
    return found


def measure(rounds: int, running: dict[str, Server]) -> tuple[Figures, Figures]:
    """Round trips and streams, all servers in turn; the first round is for warming up."""
    clients = {name: Client(server, name == "floor") for name, server in running.items()}
    for number in range(rounds + 1):
        if number <= 1:
            trips, streams = Figures(), Figures()
        for name, client in clients.items():
            client.singles(trips, name)
            client.stream(streams, name)
    return trips, streams


def main(rounds: int = ROUNDS) -> Result:
    ROOT.joinpath("var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as folder:
        running = servers(Path(folder))
        try:
            trips, streams = measure(rounds, running)
        finally:
            for server in running.values():
                server.stop()
    return {
        "bench": "fix_echo",
        "rounds": rounds,
        "quickfix": quickfix_python() or "not measured: no Python has it (make interop)",
        "round_trip_p50": trips.medians(),
        f"with_{IN_FLIGHT}_in_flight": streams.medians(),
        "ratios": ratios(trips, streams),
    }


def ratios(trips: Figures, streams: Figures) -> Result:
    """Times of a round trip, and rates: the inverse of a message's time."""
    found: Result = {
        "round_trip_to_floor": at_most(trips.wall_ratio("sluice_page_cache", "floor"), 2.5),
    }
    if "quickfix" not in trips.wall:
        return found
    for journal in ("none", "page_cache", "sync"):
        ours = f"sluice_{journal}"
        trip = trips.wall_ratio(ours, "quickfix")
        rate = streams.wall_ratio("quickfix", ours)
        cpu = streams.cpu_ratio(ours, "quickfix")
        promised = journal != "sync"  # QuickFIX's store is flushed, not synced
        found |= {
            f"round_trip_{journal}": at_most(trip, 0.6) if promised else untargeted(trip),
            f"rate_{journal}": at_least(rate, 8) if promised else untargeted(rate),
            f"cpu_{journal}": at_most(cpu, 0.12) if promised else untargeted(cpu),
        }
    return found


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:2])), indent=2))
