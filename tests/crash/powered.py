"""The real daemon on a disk that is watched: `STATE` and `MIRROR` in the environment say where."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from router.cli import main as right
from tests.crash.power import Watch


def main(argv: Sequence[str]) -> None:
    """The command line, with every sync noted."""
    watch()
    right(argv)


def watch() -> None:
    """From now on."""
    Watch(Path(os.environ["STATE"]), Path(os.environ["MIRROR"])).begin()
