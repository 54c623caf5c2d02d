"""How a command ends: the exit codes, which are a contract, and errors that a user may see.

Owns the codes and what each expected error means. An error that is not expected is our bug: it is
not caught, so that its traceback is seen.
"""

from __future__ import annotations

import errno
from enum import IntEnum

from config.documents import DocumentError
from config.layers import SettingsError


class ExitCode(IntEnum):
    """What a command's end means to the script that called it."""

    OK = 0
    ERROR = 1
    NOT_FOUND = 2
    NOT_RUNNING = 3
    CONFIGURATION = 4
    """Settings, documents, or the command line itself."""
    TIME_OUT = 5
    REFUSED = 6
    """By a policy or a limit."""
    NEEDS_APPROVAL = 7
    FINDINGS = 10
    """A check found something."""
    LOCKED = 73
    """Another process holds the state folder."""
    POISONED = 75
    """The journal could not be synced: restart and recover."""
    INTERRUPTED = 130


_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What a disk says that takes no more, of stdout too, which has no name."""


class CommandError(Exception):
    """Ends a command with a code; `lines` go to stderr as they are."""

    def __init__(self, code: ExitCode, *lines: str) -> None:
        self.code = code
        self.lines = lines
        super().__init__("\n".join(lines))


def expected(error: Exception) -> CommandError | None:
    """How a command ends that met this error; None if the error is our bug."""
    match error:
        case CommandError():
            return error
        case SettingsError() | DocumentError():
            return CommandError(ExitCode.CONFIGURATION, *error.problems)
        case TimeoutError():
            return CommandError(ExitCode.TIME_OUT, str(error) or "no answer in time")
        case ConnectionError():
            return CommandError(ExitCode.NOT_RUNNING, f"nobody answers: {error}")
        case OSError() if error.filename is not None:
            return CommandError(ExitCode.ERROR, f"{error.filename}: {error.strerror}")
        case OSError() if error.errno in _DISK:
            return CommandError(ExitCode.ERROR, f"cannot be written: {error.strerror}")
        case _:
            return _of_the_journal(error)


def _of_the_journal(error: Exception) -> CommandError | None:
    # Imported when it is needed: the journal brings numpy, and most commands end well.
    from router.core.shelf import LearnerGone
    from router.journal.scan import JournalBroken
    from router.journal.segments import JournalPoisoned
    from router.journal.storage import ForeignState, StateLocked

    match error:
        case StateLocked():
            cure = "end that process, or choose another folder with --state"
            return CommandError(ExitCode.LOCKED, f"{error}; {cure}")
        case JournalPoisoned():
            return CommandError(ExitCode.POISONED, f"{error}: restart, to recover")
        case ForeignState():
            cure = "choose an empty folder, or one of Sluice's own, with --state"
            return CommandError(ExitCode.ERROR, f"{error}; {cure}")
        case LearnerGone():
            return CommandError(ExitCode.REFUSED, str(error))
        case JournalBroken():
            return CommandError(ExitCode.ERROR, str(error))
        case _:
            return None
