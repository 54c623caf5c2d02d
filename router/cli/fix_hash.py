"""`sluice fix hash`: an argon2id line for a secrets file, from a password that nobody sees."""

from __future__ import annotations

import getpass
import sys

from router.cli.errors import CommandError, ExitCode
from router.cli.output import show
from router.fix.credentials import hash_password


def hash_command() -> None:
    """Hash a password, asked for at the terminal or read as one line from stdin."""
    try:
        show(hash_password(_password()))
    except ValueError as error:
        raise CommandError(ExitCode.CONFIGURATION, str(error)) from None


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise CommandError(ExitCode.CONFIGURATION, "the two passwords differ; nothing is written")
    return first
