"""Read and follow FIX messages; see to the sessions of a running daemon."""

from __future__ import annotations

from collections.abc import Callable

from router.cli.fix_decode import decode
from router.cli.fix_sessions import logon, logout, reset, sessions, set_numbers
from router.cli.fix_tail import tail

COMMANDS: dict[str, Callable[..., None]] = {
    "decode": decode,
    "tail": tail,
    "sessions": sessions,
    "logon": logon,
    "logout": logout,
    "reset": reset,
    "set-numbers": set_numbers,
}
