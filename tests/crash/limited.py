"""A daemon under limits: `NOFILE` in the environment says how many descriptors more than now it may
have, `FSIZE` how many bytes a file of its may.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence

from router.cli import main as unlimited


def main(argv: Sequence[str]) -> None:
    """The command line, under the limits; the hard ones stay, so that they can be lifted again."""
    if "NOFILE" in os.environ:
        few = len(os.listdir("/proc/self/fd")) + int(os.environ["NOFILE"])
        limit(resource.RLIMIT_NOFILE, few)
    if "FSIZE" in os.environ:
        limit(resource.RLIMIT_FSIZE, int(os.environ["FSIZE"]))
    unlimited(argv)


def limit(kind: int, value: int) -> None:
    """Lower a soft limit."""
    resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
