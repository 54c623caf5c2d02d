"""A desk that daemons die on: venues and an OMS that live, and one life of the daemon at a time.

Owns processes, the death that is prepared for each life, and the check at the end. What the OMS
orders is in `ten_parents`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from router.fix.client import OmsClient
from router.fix.dictionary import FIX44
from router.fix.session import SessionConfig
from router.model import NS
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms
from router.simulation.reading import FRAME, Read, Stream, read
from tests.crash.agreement import Told, agree, fold
from tests.crash.nursery import WAIT_S, Child, Nursery
from tests.crash.processes import BASELINE, Time, free_port
from tests.oms import whole
from venues.audit import AuditKind, read_audit

STRACE = shutil.which("strace")
SPEED = 8.0
HOST = "127.0.0.1"
AFTER_A_FAILURE = ("batch.poison", "batch.last_cancels")
A_FAILED_DISK = "disk.write_journal.before:5:eio,"


@dataclass(frozen=True, slots=True)
class Death:
    """How a life ends: inside its k-th call of the system, or where the daemon passes a point."""

    durability: str
    where: str
    """A system call, or the name of a failpoint."""
    k: int

    @property
    def of_the_system(self) -> bool:
        """By strace, not by a failpoint."""
        return "." not in self.where

    def __str__(self) -> str:
        return f"{self.durability} {self.where} {self.k}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a life has to bear besides: anything that strace can inject."""

    inject: tuple[str, ...] = ()
    """As in `strace -e inject=...`."""
    env: tuple[tuple[str, str], ...] = ()
    module: str = "router.cli"
    settings: tuple[tuple[str, object], ...] = ()


class SoundStream(Stream):
    """Frames as a session takes them: what was changed on the line is not heard."""

    def feed(self, data: bytes) -> Iterator[Read]:
        """Bytes in, frames whose CheckSum(10) is right out."""
        self._rest += data
        end = 0
        for found in FRAME.finditer(self._rest):
            end = found.end()
            if sum(found[0][:-7]) % 256 == int(found[0][-4:-1]):
                yield read(found[0])
        self._rest = self._rest[end:]


class Heard(Told):
    """An OMS at the end of a line that may change bytes."""

    def _open(self, now: int) -> None:
        super()._open(now)
        self._stream = SoundStream()


@dataclass
class Desk:
    """Venues and an OMS."""

    folder: Path
    nursery: Nursery
    time: Time = field(default_factory=lambda: Time(Clock().now() // NS * NS, SPEED))
    lives: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = self.folder / "state"
        self.log = self.folder / "daemon.log"
        self.clock = Clock(speed=self.time.speed, origin=self.time.origin)
        self.port = free_port()
        self.told = Heard(OmsClient(oms_config()))
        self.life: Child | None = None
        self._strace: subprocess.Popen[bytes] | None = None
        self.venues = self.nursery.bear(
            "venues.__main__", self._venues(), self.folder / "venues.log"
        )
        self.venues.go()
        line = self.venues.line()
        assert line, (self.folder / "venues.log").read_text()
        self.ports: dict[str, int] = json.loads(line)["venues"]

    @property
    def audit(self) -> Path:
        """What the venues write down."""
        return self.folder / "audit.jsonl"

    def _venues(self) -> list[str]:
        return [
            *("--market", str(BASELINE), "--base-port", "0", "--seed", "7"),
            *("--speed", str(self.time.speed), "--origin", str(self.time.origin)),
            *("--state", str(self.folder / "venues"), "--audit", str(self.audit)),
        ]

    def arguments(self, durability: str, more: Iterable[tuple[str, object]] = ()) -> list[str]:
        """The command line of a daemon."""
        settings: dict[str, object] = {
            "clock.speed": self.time.speed,
            "clock.origin": self.time.text,
            "fix.acceptor.port": self.port,
            "fix.defaults.reconnect_interval": 0.1,
            "fix.defaults.heart_bt_int": 300,
            "fix.defaults.logon_timeout": 60,
            "fix.defaults.logout_timeout": 8,
            "fix.defaults.max_latency": 3600,
            "journal.segment_mib": 1,
            "journal.heads": self.folder / "heads",
            "journal.snapshot_events": 300,
            "journal.durability": durability,
            "log.level": "warning",
            "venues.LIT_B.mass_status": "H",
            **{f"venues.{mic}.connect.port": at for mic, at in self.ports.items()},
            **dict(more),
        }
        sets = [text for key, value in settings.items() for text in ("--set", f"{key}={value}")]
        return ["run", "--json", "--state", str(self.state), *sets]

    def begin(
        self, death: Death | None, durability: str = "sync", trouble: Trouble | None = None
    ) -> Child:
        """A new life on the folder, with its death prepared."""
        self.end()
        trouble = trouble or Trouble()
        inject, env = list(trouble.inject), dict(trouble.env)
        if death is not None and death.of_the_system:
            inject.append(f"{death.where}:signal=KILL:when={death.k}")
        elif death is not None:
            cause = A_FAILED_DISK if death.where.startswith(AFTER_A_FAILURE) else ""
            env["SLUICE_FAILPOINT"] = f"{cause}{death.where}:{death.k}:kill"
        durability = death.durability if death is not None else durability
        self.lives += 1
        arguments = self.arguments(durability, trouble.settings)
        self.life = self.nursery.bear(trouble.module, arguments, self.log, env)
        if inject:
            self._strace = attach(self.life.pid, inject)
        self.life.go()
        return self.life

    def end(self) -> None:
        """Kill -9 what is left of the life."""
        if self.life is not None:
            self.life.close()
            self.life = None
        if self._strace is not None:
            with self._strace:
                self._strace.kill()
            self._strace = None

    async def answers(self) -> bool:
        """True when the daemon takes OMSs; False when it has died before it did."""
        assert self.life is not None
        return bool(await asyncio.to_thread(self.life.line))

    async def dead(self) -> int:
        """Its exit code, or the signal that has killed it, negative."""
        assert self.life is not None
        return await asyncio.to_thread(self.life.dead)

    async def call(self, oms: LiveOms) -> bool:
        """Log the OMS on; False if the daemon dies before."""
        life = self.life
        assert life is not None
        try:
            await oms.connect(HOST, self.port)
        except OSError:
            return False
        done = await oms.until(lambda: oms.client.logged_on or life.is_dead or oms.is_gone, WAIT_S)
        assert done, "the OMS does not get in"
        return oms.client.logged_on

    def agree(self) -> None:
        """The venues, the journal and the OMS tell the same story. The daemon is gone."""
        log = self.log.read_text()
        failed = "journal_poisoned" in log or A_FAILED_DISK.rstrip(",") in log
        agree(self.told, self.audit, self.state, jumps=failed)

    def strangers(self) -> set[str]:
        """Orders that have reached a venue and are not in the journal. The daemon is gone."""
        asked = {
            record.cl_ord_id
            for record in read_audit(self.audit)
            if record.kind is AuditKind.RECEIVED and record.msg_type == "D"
        }
        return asked - whole.children(fold(self.state)).keys()

    def close(self) -> None:
        """End every process."""
        self.end()
        self.venues.signal(signal.SIGTERM)
        self.venues.dead()
        self.venues.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def oms_config() -> SessionConfig:
    """The OMS's session; its timers are those of a fast market."""
    return SessionConfig(
        sender_comp_id="OMS",
        target_comp_id="SLUICE",
        role="initiator",
        heart_bt_int=300,
        logon_timeout=60,
        max_latency=3600,
        validate=FIX44,
    )


def attach(pid: int, inject: list[str]) -> subprocess.Popen[bytes]:
    """Strace on a process that waits, with what it is to inject."""
    assert STRACE is not None, "strace is not installed"
    calls = ",".join(each.partition(":")[0] for each in inject)
    process = subprocess.Popen(
        [
            *(STRACE, "-f", "-p", str(pid), "-o", "/dev/null"),
            *("-e", f"trace={calls}", "-e", "signal=none"),
            *(text for each in inject for text in ("-e", f"inject={each}")),
        ],
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    assert b"attached" in line, line + process.stderr.read()
    return process
