"""What the doctor says: one finding of one look. Not a command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: `ok`, `note` (nothing to do), `warning` or `error`."""

    check: str
    level: str
    text: str
    cure: str = ""
