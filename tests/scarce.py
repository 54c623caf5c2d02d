"""A process that has used up what the system gives it, for a while: descriptors, memory."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

MEMORY = 512 << 20


@contextmanager
def no_descriptors() -> Iterator[None]:
    """There is not one more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(each.name) for each in Path("/proc/self/fd").iterdir())
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 1, hard))
        with ExitStack() as stack:
            while True:  # every gap below the limit is filled
                try:
                    stack.enter_context(socket.socket())
                except OSError:
                    break
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def little_memory() -> Iterator[None]:
    """There is no room for what takes more than MEMORY bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    try:
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
