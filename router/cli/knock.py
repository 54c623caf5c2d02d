"""The command line's own sockets: ask a running daemon, and see who listens where.

Owns the client's side of `router.runtime.control`: one JSON line out, one in. Not a command.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import Any

from router.cli.errors import CommandError, ExitCode
from router.runtime.control import REQUEST_MAX, recordable, socket_path

ANSWER_S = 5.0
"""How long an answer is waited for: a request waits for its record to be durable."""


def ask(state: Path, request: dict[str, object], *, answer_s: float = ANSWER_S) -> dict[str, Any]:
    """The daemon's answer.

    Raises:
        CommandError: the request is too long, no daemon runs on the folder, it does not answer, or
            it refuses. Nobody runs only if nobody listens: it may have no descriptor for us.
    """
    asked = json.dumps(recordable(request)).encode() + b"\n"
    if len(asked) > REQUEST_MAX:
        text = f"a request has at most {REQUEST_MAX:,} bytes, and this one {len(asked):,}"
        raise CommandError(ExitCode.CONFIGURATION, f"{text}: ask in several, or say it shorter")
    try:
        line = _exchange(state, asked, answer_s)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        text = f"no daemon runs on {state}; start one: sluice run --state {state}"
        raise CommandError(ExitCode.NOT_RUNNING, text) from None
    except TimeoutError:
        raise CommandError(ExitCode.TIME_OUT, f"the daemon on {state} does not answer") from None
    except PermissionError:
        text = f"the daemon on {state} is another user's: ask as that user"
        raise CommandError(ExitCode.REFUSED, text) from None
    except (ConnectionError, BlockingIOError):
        line = b""
    if not line:
        text = f"the daemon on {state} runs, and has hung up without an answer: it is stopping, or"
        cure = "look with sluice status whether it was done, and ask again"
        raise CommandError(ExitCode.TIME_OUT, f"{text} can take no more connections; {cure}")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise CommandError(ExitCode.REFUSED, str(answer["error"]))
    return answer


def _exchange(state: Path, request: bytes, answer_s: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.settimeout(answer_s)
        door.connect(socket_path(state))
        door.sendall(request)
        with door.makefile("rb") as answers:
            return answers.readline()


def unreachable(host: str, port: int, timeout_s: float = 1.0) -> str:
    """Why nobody can be reached at an address; empty if somebody accepts."""
    try:
        with socket.create_connection((host, port), timeout_s):
            return ""
    except TimeoutError:
        return f"no answer in {timeout_s:g} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()


def cannot_listen(host: str, port: int) -> str:
    """Why a port cannot be had; empty if it can. It is given back at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as door:
            # As the daemon does it: what an old connection still holds does not count.
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind((host, port))
            door.listen(1)
            return ""
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return "another process listens there"
        return (error.strerror or str(error)).lower()


def is_taken(path: Path) -> bool:
    """True if a process takes datagrams at a Unix socket."""
    if not path.exists():
        return False
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.connect(f"/proc/self/fd/{folder}/{path.name}")
            return True
    except OSError:
        return False
    finally:
        os.close(folder)
