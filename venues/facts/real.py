"""Makes `real.json`, the bands and curves of real days: summary statistics, no data.

    python -m venues.facts.real DAYS.json > venues/facts/real.json

DAYS.json names the recordings, which are not part of the project: a source in words and, by regime,
`stock` in words, `prefixes` of OBS-1 recordings and `sessions`, pairs of seconds after midnight.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from venues.facts.bands import Band, RealCurve, RealDays, Regime, band_of, is_share
from venues.facts.day import Scope
from venues.facts.measure import FACTS_OF_SCALE, Measured, measure

DIGITS = 5
SHARE_CURVES = ("spread", "imbalance", "time_to_fill")
"""Curves whose values are shares or probabilities."""


class Source(msgspec.Struct, frozen=True):
    """Recordings of one regime."""

    stock: str
    prefixes: list[str]
    sessions: list[tuple[int, int]]


class Sources(msgspec.Struct, frozen=True):
    """DAYS.json."""

    source: str
    regimes: dict[str, Source]


def real_days(sources: Sources) -> RealDays:
    """The bands of each regime, and of all days together."""
    by_regime = {
        name: [measure(Path(each), Scope(tuple(source.sessions))) for each in source.prefixes]
        for name, source in sources.regimes.items()
    }
    regimes = {name: summary(sources.regimes[name].stock, days) for name, days in by_regime.items()}
    everything = [day for days in by_regime.values() for day in days]
    return RealDays(sources.source, {**regimes, "all": summary("all of them", everything)})


def summary(stock: str, days: Sequence[Measured]) -> Regime:
    """Bands and curves of some days."""
    bands = {}
    for fact in dict.fromkeys(name for day in days for name in day.facts):
        values = [value for day in days if (value := day.facts.get(fact)) is not None]
        if values and fact not in FACTS_OF_SCALE:
            bands[fact] = _rounded(band_of(values, is_share=is_share(fact)))
    names = dict.fromkeys(name for day in days for name in day.curves)
    return Regime(stock, len(days), bands, {name: _curve(name, days) for name in names})


def _curve(name: str, days: Sequence[Measured]) -> RealCurve:
    curves = [day.curves[name] for day in days if name in day.curves]
    points = []
    for values in zip(*(curve.y for curve in curves), strict=True):
        known = [value for value in values if value is not None]
        shares = name in SHARE_CURVES
        points.append(_rounded(band_of(known, is_share=shares)) if known else None)
    return RealCurve(
        curves[0].x,
        tuple(None if point is None else point.mean for point in points),
        tuple(None if point is None else point.low for point in points),
        tuple(None if point is None else point.high for point in points),
    )


def _rounded(band: Band) -> Band:
    mean, low, high = (float(f"{each:.{DIGITS}g}") for each in (band.mean, band.low, band.high))
    return Band(mean, low, high, band.days)


def text_of(days: RealDays) -> str:
    """As JSON, one band or curve a line."""
    regimes = []
    for name, found in days.regimes.items():
        bands, curves = (
            ",\n".join(f"  {_json(key)}: {_json(value)}" for key, value in members.items())
            for members in (found.bands, found.curves)
        )
        head = f'{_json(name)}: {{"stock": {_json(found.stock)}, "days": {found.days}'
        regimes.append(f'{head},\n "bands": {{\n{bands}}},\n "curves": {{\n{curves}}}}}')
    return f'{{"source": {_json(days.source)},\n"regimes": {{\n{",".join(regimes)}}}}}\n'


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def main(arguments: list[str]) -> None:
    """Read the list of recordings, measure, write."""
    (listed,) = arguments
    sources = msgspec.json.decode(Path(listed).read_bytes(), type=Sources)
    sys.stdout.write(text_of(real_days(sources)))


if __name__ == "__main__":
    main(sys.argv[1:])
