"""Drop copies that wait for their original, and what they are worth together.

Owns that sum: there may be thousands of them, and whoever bounds what may be booked asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from router.messages import ExecutionReceived


class Copy(msgspec.Struct):
    """A drop copy that waits for its original."""

    session: str
    event: ExecutionReceived
    at: int
    trusted: bool


class WaitingCopies(dict[str, Copy]):
    """By fill key. They come and go one by one, and none takes the place of another."""

    def __init__(self, copies: Mapping[str, Copy] | None = None) -> None:
        super().__init__(copies or {})
        self.value = sum(map(_value, self.values()))
        """Of all of them together, 1e-8 of the currency."""

    def __setitem__(self, key: str, copy: Copy) -> None:
        assert key not in self, key
        super().__setitem__(key, copy)
        self.value += _value(copy)

    def pop(self, key: str, *default: Any) -> Any:
        """Let one go."""
        copy = super().pop(key, *default)
        if copy is not None:
            self.value -= _value(copy)
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is copied: anew, so that nothing is counted twice."""
        return WaitingCopies, (dict(self),)


def _value(copy: Copy) -> int:
    """Never negative, as a price may be."""
    return copy.event.last_qty * abs(copy.event.last_px)
