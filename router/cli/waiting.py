"""Waiting for a while in a command that follows something. Not a command."""

from __future__ import annotations

import select


def wait(seconds: float) -> None:
    """Let so much real time pass; Ctrl-C ends it."""
    select.select([], [], [], seconds)
