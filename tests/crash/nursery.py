"""Lives of the daemon that begin in a moment: a process that has imported everything, and forks.

The child runs the command line as `python -m router` does, with the same code from its first
line on; only the imports are done. That makes a life cost what it does, not what Python does.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import config

ROOT = Path(config.__file__).parent.parent
MESSAGE_MAX = 1 << 16
WAIT_S = 60.0
GO = b"g"


# -- the tests' side -------------------------------------------------------------------------------


@dataclass
class Child:
    """One life."""

    pid: int
    out: int
    """What it writes to stdout is read here."""
    hold: int
    """It waits until something is written here."""
    _ended: threading.Event = field(default_factory=threading.Event)
    _status: int = 0

    def go(self) -> None:
        """Let it begin, once whoever wants to watch it does."""
        os.write(self.hold, GO)
        os.close(self.hold)
        self.hold = -1

    def line(self) -> bytes:
        """Its next line on stdout; empty when it has ended without one."""
        line = b""
        while not line.endswith(b"\n"):
            more = os.read(self.out, 1)
            if not more:
                break
            line += more
        return line

    @property
    def is_dead(self) -> bool:
        """True if it has ended."""
        return self._ended.is_set()

    def dead(self, wait_s: float = WAIT_S) -> int:
        """Wait for its end; the signal that killed it, negative, or its exit code."""
        assert self._ended.wait(wait_s), f"{self.pid} lives on"
        return os.waitstatus_to_exitcode(self._status)

    def signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        if not self.is_dead:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def close(self) -> None:
        """Kill -9, if it is still there, and forget it."""
        self.signal(signal.SIGKILL)
        self.dead()
        for fd in (self.out, self.hold):
            if fd >= 0:
                os.close(fd)
        self.out = self.hold = -1

    def ended(self, status: int) -> None:
        """The nursery knows."""
        self._status = status
        self._ended.set()


class Nursery:
    """The process that forks."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.nursery", str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
            )
        self._socket = ours
        self._born: list[int] = []
        self._children: dict[int, Child] = {}
        self._early: dict[int, int] = {}
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def bear(
        self, module: str, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None
    ) -> Child:
        """A child that will run a module's `main` with arguments; it waits for `go`."""
        out, out_theirs = os.pipe()
        hold_theirs, hold = os.pipe()
        told = json.dumps([module, list(argv), dict(env or {})]).encode()
        err = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            socket.send_fds(self._socket, [told], [out_theirs, err, hold_theirs])
        finally:
            for fd in (out_theirs, err, hold_theirs):
                os.close(fd)
        with self._changed:
            assert self._changed.wait_for(lambda: self._born, WAIT_S), "the nursery does not answer"
            child = Child(self._born.pop(), out, hold)
            self._children[child.pid] = child
            if child.pid in self._early:
                child.ended(self._early.pop(child.pid))
        return child

    def close(self) -> None:
        """End it, and every child."""
        for child in self._children.values():
            child.signal(signal.SIGKILL)
        self._socket.shutdown(socket.SHUT_RDWR)
        self._process.wait(WAIT_S)
        self._thread.join(WAIT_S)
        self._socket.close()

    def _hear(self) -> None:
        while told := self._socket.recv(MESSAGE_MAX):
            what, pid, status = json.loads(told)
            with self._changed:
                if what == "born":
                    self._born.append(pid)
                elif pid in self._children:
                    self._children.pop(pid).ended(status)
                else:
                    self._early[pid] = status
                self._changed.notify_all()


# -- the process -----------------------------------------------------------------------------------


def serve(control: socket.socket) -> None:
    """Fork on demand, and tell of the dead, until the tests hang up: then no child is left."""
    import_everything()
    alive: set[int] = set()
    wake, wake_theirs = os.pipe()
    os.set_blocking(wake_theirs, False)
    signal.set_wakeup_fd(wake_theirs)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in ready:
            os.read(wake, MESSAGE_MAX)
            tell_of_the_dead(control, alive)
        if control.fileno() in ready:
            told, fds, _, _ = socket.recv_fds(control, MESSAGE_MAX, 3)
            if not told:
                break
            pid = os.fork()
            if pid == 0:
                control.close()
                os._exit(live(*json.loads(told), *fds))
            for fd in fds:
                os.close(fd)
            alive.add(pid)
            control.send(json.dumps(["born", pid, 0]).encode())
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


def import_everything() -> None:
    """What a daemon and venues import in their first second, plug-ins included."""
    from router import build, cli

    build.families()
    function, found = cli.run, cli.commands()
    for name in ("router.cli.run", "venues.__main__"):
        importlib.import_module(name)
    vars(cli)["run"] = function  # the import has put the module of that name there
    vars(cli)["commands"] = lambda: found  # its reading of forty files is half of a start


def tell_of_the_dead(control: socket.socket, alive: set[int]) -> None:
    """Take in whoever has ended."""
    with contextlib.suppress(ChildProcessError, BrokenPipeError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            alive.discard(pid)
            control.send(json.dumps(["dead", pid, status]).encode())


def live(module: str, argv: list[str], env: dict[str, str], out: int, err: int, hold: int) -> int:
    """The child's life; its exit code."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.environ.update(env)
    begun = os.read(hold, 1) == GO
    os.closerange(3, hold + 1)
    if not begun:
        return 1
    found: Any = importlib.import_module(module)
    sys.argv = [module, *argv]
    try:
        return int(found.main(argv) or 0)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # noqa: BLE001 - it must not return into the nursery
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as tests:
        serve(tests)
