"""What a command line means by seeds. Not a command."""

from __future__ import annotations

from router.cli.errors import CommandError, ExitCode

SEEDS_MAX = 1_000_000


def seeds_of(text: str) -> range:
    """The seeds that `FROM:N` means.

    Raises:
        CommandError: it means none.
    """
    first, colon, count = text.partition(":")
    try:
        start, number = int(first), int(count) if colon else 1
    except ValueError:
        start = number = -1
    if start < 0 or not 0 < number <= SEEDS_MAX:
        text = f"--seeds {text}: FROM:N, both whole numbers, N from 1 to {SEEDS_MAX}"
        raise CommandError(ExitCode.CONFIGURATION, text)
    return range(start, start + number)
