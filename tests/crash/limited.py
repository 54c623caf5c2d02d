"""A daemon with few descriptors: `NOFILE` in the environment says how many more than it has now."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence

from router.cli import main as unlimited


def main(argv: Sequence[str]) -> None:
    """The command line, under the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = len(os.listdir("/proc/self/fd")) + int(os.environ["NOFILE"])
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    unlimited(argv)
