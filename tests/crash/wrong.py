"""A daemon that is wrong on purpose: what it has to say leaves before the journal has it."""

from __future__ import annotations

from collections.abc import Sequence

from router.cli import main as right
from router.runtime import live
from router.runtime.node import Batch
from router.runtime.pump import Pump


class Hasty(Pump):
    """Sends first, writes later."""

    def _handle(self) -> Batch:
        self._send(super()._handle())
        return Batch()


def main(argv: Sequence[str]) -> None:
    """The command line, with that pump."""
    vars(live)["Pump"] = Hasty
    right(argv)
