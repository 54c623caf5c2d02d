"""What peers did that an operator should know: the last of it, newest last.

Owns how much is kept. What is a fault is for whoever tells of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from router.core import cod
from router.messages import Command
from router.model import Venue

FAULTS_MAX = 100


def keep(faults: list[str], text: str) -> None:
    """One more; the oldest fall out."""
    faults.append(text)
    del faults[:-FAULTS_MAX]


def keep_once(faults: list[str], text: str) -> None:
    """One more, unless it is there: what comes with every quote is no news."""
    if text not in faults:
        keep(faults, text)


def broken_promises(
    faults: list[str], commands: Sequence[Command], venues: Mapping[str, Venue]
) -> None:
    """Of a venue the last child alone is told: all there may have outlived a session."""
    for subject, text in cod.faults(commands, venues):
        if faults and faults[-1].startswith(subject):
            faults.pop()
        keep(faults, f"{subject}: {text}")
