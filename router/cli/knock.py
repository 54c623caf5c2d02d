"""Ask a running daemon through the control socket in its state folder.

Owns the client's side of `router.runtime.control`: one JSON line out, one in. Not a command.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from router.cli.errors import CommandError, ExitCode
from router.runtime.control import socket_path

ANSWER_S = 5.0
"""How long an answer is waited for: a request waits for its record to be durable."""


def ask(state: Path, request: dict[str, object]) -> dict[str, Any]:
    """The daemon's answer.

    Raises:
        CommandError: no daemon runs on the folder, it does not answer, or it refuses.
    """
    nobody = CommandError(
        ExitCode.NOT_RUNNING, f"no daemon runs on {state}; start one: sluice run --state {state}"
    )
    if not state.is_dir():
        raise nobody
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(ANSWER_S)
            door.connect(socket_path(state))
            door.sendall(json.dumps(request).encode() + b"\n")
            with door.makefile("rb") as answers:
                line = answers.readline()
    except TimeoutError:
        raise CommandError(ExitCode.TIME_OUT, f"the daemon on {state} does not answer") from None
    except OSError:
        raise nobody from None
    answer: dict[str, Any] = json.loads(line) if line else {"error": "the daemon is stopping"}
    if "error" in answer:
        raise CommandError(ExitCode.REFUSED, str(answer["error"]))
    return answer
