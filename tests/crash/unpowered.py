"""A daemon that is wrong on purpose: what it takes for a sync of its journal reaches no disk."""

from __future__ import annotations

import os
from collections.abc import Sequence

from router.cli import main as right
from tests.crash.powered import watch


def main(argv: Sequence[str]) -> None:
    """The command line on a disk that is watched, and of whose syncs those of data do nothing."""
    watch()
    vars(os)["fdatasync"] = lambda _: None
    right(argv)
