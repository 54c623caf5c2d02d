"""What a dealer's quotes are made of: the `sdp` keys of a market file.

Owns their schema and what contradicts itself there. Knows nothing of prices or orders.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from router.plugin import Plugin
from venues.venue import Leak


class LastLookTerms(Plugin):
    """The `last_look` keys of the vocabulary."""

    hold_ms: float = Field(default=0.0, ge=0)
    mode: Literal["firm", "symmetric", "asymmetric"] = "firm"
    threshold_ticks: float = Field(default=0.0, ge=0)
    base_reject_prob: float = Field(default=0.0, ge=0, le=1)
    favourable: Literal["reject", "improve"] = "reject"
    """What a symmetric look does when the move is in the dealer's favour: refuse, or deal at the
    quoted price moved by as much as the midpoint."""

    @model_validator(mode="after")
    def _symmetric_improves(self) -> Self:
        if self.favourable == "improve" and self.mode != "symmetric":
            raise ValueError("favourable: improve needs mode symmetric")
        return self


class Rung(Plugin):
    """A larger quote, for a wider price."""

    size: int = Field(gt=0)
    extra_ticks: float = Field(ge=0)
    """On top of the markup, each side."""


class Skew(Plugin):
    """How inventory moves the quote."""

    inventory_halflife_s: float = Field(gt=0)
    ticks_per_kshare: float = Field(ge=0)


class Toxicity(Plugin):
    """How the markup answers what the router's fills have cost the dealer."""

    window_fills: int = Field(gt=0)
    markup_ticks_per_spread_lost: float = Field(ge=0)
    same_side_streak_markup_ticks: float = Field(default=0.0, ge=0)


class Terms(Plugin):
    """The `sdp` keys of the vocabulary."""

    markup_ticks: float
    size: int = Field(gt=0)
    """Shares of a streamed quote, and of a requested one without extra markup."""
    ladder: tuple[Rung, ...] = ()
    """What a request for more than `size` is quoted: the first rung that is large enough, or the
    last. Larger is never cheaper."""
    refresh_ms: float = Field(gt=0)
    last_look: LastLookTerms = LastLookTerms()
    skew: Skew | None = None
    leak: Leak | None = None
    toxicity_response: Toxicity | None = None

    @model_validator(mode="after")
    def _ladder_rises(self) -> Self:
        steps = [(self.size, 0.0), *((rung.size, rung.extra_ticks) for rung in self.ladder)]
        for (size, extra), (next_size, next_extra) in pairwise(steps):
            if next_size <= size or next_extra < extra:
                raise ValueError("ladder must rise: larger sizes, and extra_ticks not below before")
        return self

    def rung(self, qty: int) -> tuple[int, float]:
        """The size and the extra ticks of a quote for so many shares."""
        if qty <= self.size or not self.ladder:
            return min(qty, self.size), 0.0
        found = next((rung for rung in self.ladder if qty <= rung.size), self.ladder[-1])
        return min(qty, found.size), found.extra_ticks
