"""What others trade away from the lit books: prints of pools, dealers and closed venues.

Owns when they come and how large they are, so that the volume shares of a market file come true. It
is the public tape only: nobody's interest is filled by it, and nothing here moves a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from venues.dark import DarkSpec
from venues.dealer import DealerSpec
from venues.floor import Floor
from venues.flow import Activity, Clock, SizeLaw
from venues.venue import VenueSpec

NEVER = -1

OFF = "OFF"
"""The venue id of volume that no router can reach: internalisers, closed pools."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place that prints."""

    mic: str
    shares_per_s: float
    """Mean over the day; 0 prints nothing."""
    least: int = 0
    """Smaller sizes are raised to this many shares."""
    most: int = 1_000_000_000
    """Larger sizes are cut to this many shares."""
    markup_ticks: float | None = 0.0
    """From the touch outwards; None prints at the midpoint, without an aggressor."""


def sources(
    venues: Sequence[VenueSpec], inaccessible_share: float, shares_per_s: float
) -> list[Source]:
    """What prints in a market with so much volume a second, all venues together."""
    found = []
    for spec in venues:
        volume = spec.volume_share * shares_per_s
        if isinstance(spec, DarkSpec):
            least = spec.dark.min_exec_qty
            found.append(Source(spec.id, volume, least=least, markup_ticks=None))
        elif isinstance(spec, DealerSpec):
            markup = spec.sdp.markup_ticks
            found.append(Source(spec.id, volume, most=spec.sdp.size, markup_ticks=markup))
    found.append(Source(OFF, inaccessible_share * shares_per_s))
    return found


class Prints:
    """One source at work."""

    def __init__(self, source: Source, floor: Floor, activity: Activity, sizes: SizeLaw) -> None:
        self._floor = floor
        self._draws = floor.stream(f"{source.mic}/tape")
        times = floor.stream(f"{source.mic}/tape-times")
        self._source, self._sizes = source, sizes
        self._rate = _rate(source, sizes)
        self._clock = Clock(times, activity, self._rate or 1.0)
        self._next = NEVER

    def start(self, now: int) -> None:
        """Print from now on."""
        if self._rate:
            self._await(self._clock.after(now))

    def change(self, source: Source, sizes: SizeLaw, now: int) -> None:
        """Other prints; the next one comes as much sooner or later as the rate has changed."""
        before, after = self._rate, _rate(source, sizes)
        self._source, self._sizes, self._rate = source, sizes, after
        due = self._next
        self._next = NEVER
        if after:
            self._clock.change(after)
            if due is NEVER:
                self.start(now)
            else:
                self._await(now + round((due - now) * before / after))

    def _await(self, at: int) -> None:
        self._next = at
        if self._floor.is_open(at):
            self._floor.schedule(at, self._print)

    def _print(self, now: int) -> None:
        """Two numbers, always; no print without a two-sided lit market to price it by."""
        if now != self._next:
            return  # it was put off, or brought forward
        source, tick = self._source, self._floor.facts.tick
        size, which = self._draws.uniform(), self._draws.uniform()
        qty = min(source.most, max(source.least, self._sizes.shares(size)))
        bid, offer = self._floor.nbbo()
        if bid and offer:
            side = 1 if which < 0.5 else -1
            if source.markup_ticks is None:
                px, side = (bid + offer) // 2, 0
            else:
                px = (offer if side > 0 else bid) + side * round(source.markup_ticks * tick)
            self._floor.printed(source.mic, px, qty, side, now)
        self.start(now)


def _rate(source: Source, sizes: SizeLaw) -> float:
    """Prints a second."""
    return source.shares_per_s / sizes.mean_between(source.least, source.most)
