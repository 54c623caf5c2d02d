"""What `bench.fix_echo` talks to: the daemon's shell without its core, and the floor below all.

Run as `python -m bench.fix_echo_server sluice sync|page-cache|none PORT FOLDER` or
`python -m bench.fix_echo_server floor PORT`; says `listening` on stdout; ends with SIGTERM.
"""

from __future__ import annotations

import asyncio
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, cast

import structlog
import uvloop

from router.core.engine import Engine
from router.core.environment import Environment, Policy, Routing
from router.core.shelf import LearnerShelf
from router.core.state import State
from router.fix.codec import time_text
from router.fix.dictionary import FIX44
from router.fix.session import Received, Session, SessionConfig
from router.journal.market import MarketFile
from router.journal.segments import Durability, Journal
from router.journal.storage import FileStorage
from router.messages import OrderTerms
from router.model import Instrument
from router.ports import Refusal
from router.runtime.clock import Clock
from router.runtime.links import Door, Link, LinkKind
from router.runtime.live import Address, Live, drive
from router.runtime.node import Node

HOST = "127.0.0.1"
SERVER, CLIENT = "SLUICE", "OMS"
REPORT = (
    "37=P-%s\x0111=%s\x0117=E-%s\x01150=0\x0139=0\x011=%s\x0155=%s\x0154=%s\x0138=%s\x0140=%s\x01"
    "44=%s\x0159=%s\x01151=%s\x0114=0\x016=0\x0160=%s\x01"
)


class Nobody:
    """No policies: no order reaches the core."""

    def choose(
        self, session: str, terms: OrderTerms, instrument: Instrument, now: int, ref_px: int
    ) -> Policy | Refusal:
        return Refusal("NONE", "NONE: there is no core here")


class Echo(Node):
    """Every order is answered with a report, and both frames are one journal record."""

    def _message(self, link: Link, received: Received, now: int) -> None:
        order = received.message.fields
        name, qty = order["11"], order["38"]
        terms = (order["1"], order["55"], order["54"], qty, order["40"], order["44"], order["59"])
        body = REPORT % (name, name, name, *terms, qty, time_text(now))
        link.session.send("8", body, now)
        if link.durable:
            self._recorder.session_alone(now, link, (), received)


def sluice(durability: Durability | Literal["none"], port: int, folder: Path) -> None:
    """The live driver, sessions, dictionary, journal and group commit, as in the daemon.

    With `none` nothing is journaled, as the daemon's market data sessions do it.
    """
    storage = FileStorage(folder)
    journal = Journal(storage, durability="sync" if durability == "sync" else "page-cache")
    assert list(journal.open()) == []
    market_file = MarketFile(storage)
    market_file.open()
    config = SessionConfig(
        sender_comp_id=SERVER, target_comp_id=CLIENT, role="acceptor", validate=FIX44
    )
    door = Door(allowed=(ip_network("127.0.0.0/8"),))
    link = Link(CLIENT, LinkKind.OMS, config, Session(config), door=door)
    link.durable = durability != "none"
    env = Environment(
        shard="A",
        seed=1,
        venues={},
        instruments={},
        policies=Nobody(),
        limits=(),
        algos={},
        routing=Routing(),
    )
    state = State({}, LearnerShelf({}, dimensions=1), pause_ns=0, markout_ns=0)
    clock = Clock()
    node = Echo(Engine(env, state), [link], journal, market_file, monotonic=clock.monotonic)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    live = Live(
        node,
        journal,
        market_file,
        clock,
        structlog.get_logger(),
        listen=Address(HOST, port),
        dials=[],
        state_folder=folder,
    )
    assert drive(live, lambda _: print("listening", flush=True)) == ""


class Copy(asyncio.Protocol):
    """Bytes in, the same bytes out."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


def floor(port: int) -> None:
    """An event loop in Python that does nothing with what it reads."""

    async def body() -> None:
        await asyncio.get_running_loop().create_server(Copy, HOST, port)
        print("listening", flush=True)
        await asyncio.Event().wait()

    uvloop.run(body())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sluice", ("sync" | "page-cache" | "none") as durability, port, folder]:
            sluice(durability, int(port), Path(folder))
        case ["floor", port]:
            floor(int(port))
        case _:
            sys.exit(__doc__)
