"""Read and follow FIX messages; see to sessions, their passwords and their settings."""

from __future__ import annotations

from collections.abc import Callable

from router.cli.fix_decode import decode
from router.cli.fix_hash import hash_command
from router.cli.fix_import import import_command
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
    "hash": hash_command,
    "import": import_command,
}
