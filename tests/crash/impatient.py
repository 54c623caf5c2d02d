"""A daemon for which a pause of one second is a long one."""

from __future__ import annotations

from collections.abc import Sequence

from router.cli import main as patient
from router.model import NS
from router.runtime import pump


def main(argv: Sequence[str]) -> None:
    """The command line, with that bound."""
    pump.PAUSE_NS = NS
    patient(argv)
