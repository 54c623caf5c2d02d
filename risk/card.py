"""The card of a limit: why it exists and in what unit, as `sluice check --json` lists it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """What a reader of the controls must know of a limit; its defaults are its fields'."""

    control: str
    """The control's id in the catalogue."""
    article: str
    """Why it exists; not a claim of sufficiency."""
    unit: str
    rank: int
    """Its place in the fixed order: the first refusal by rank is the one that is replied."""
    scope: str
    """What it sees: `parent`, `child` or both, and by what it counts."""
