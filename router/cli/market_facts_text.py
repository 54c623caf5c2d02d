"""The verdict on recorded days, as text: what `sluice market facts` prints. Not a command.

Owns words and layout. The verdict is that of `venues.facts.bands`.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from router.cli.output import columns, indented
from router.cli.paint import Span
from venues.facts.bands import ACCEPTED_SHARE, SEEDS_MIN, Row, Verdict
from venues.facts.day import INACCESSIBLE
from venues.facts.measure import Measured
from venues.lit import LitSpec
from venues.market_file import MarketSpec

Line = Sequence[Span]

HEADER = ("", "fact", ">value", ">low", ">high", ">real or target", "")


def pages(names: Sequence[str], regime: str, stock: str, judged: Verdict) -> Iterator[Line]:
    """What was measured, and each fact."""
    count = f"{len(names)} recordings" if len(names) != 1 else "1 recording"
    yield [(f"{count} against {regime}", "heading"), (f"  {stock}", "quiet")]
    yield [(", ".join(names), "quiet")]
    yield _plain("")
    table = columns(HEADER, [_cells(row) for row in judged.rows])
    yield [(table[0], "quiet")]
    for line, row in zip(table[1:], judged.rows, strict=True):
        yield [(line, "wrong" if row.inside is False else "")]


def venue_pages(days: Sequence[Measured], spec: MarketSpec | None) -> Iterator[Line]:
    """What each venue traded, and what was paid and kept there; beside what the file says."""
    said = {venue.id: venue for venue in spec.venues} if spec is not None else {}
    shares = {mic: venue.volume_share for mic, venue in said.items()}
    if spec is not None:
        shares[INACCESSIBLE] = spec.inaccessible_volume_share
    rows = []
    for mic in dict.fromkeys([*shares, *(mic for day in days for mic in day.venues)]):
        found = [day.venues[mic] for day in days if mic in day.venues]
        venue = said.get(mic)
        rows.append(
            [
                mic,
                _middle([each.volume_share for each in found], "{:.1%}"),
                f"{shares[mic]:.1%}" if mic in shares else "-",
                _middle([each.effective for each in found], "{:.2f}"),
                _middle([each.realised_10s for each in found], "{:+.2f}"),
                f"{venue.passive_realised10s:+.2f}" if isinstance(venue, LitSpec) else "-",
            ]
        )
    header = ("venue", ">volume", ">of the file", ">paid", ">kept 10 s", ">of the file")
    yield _plain("")
    yield [("Venues", "heading"), ("  paid and kept in spreads, per print", "quiet")]
    for line in indented(columns(header, rows)):
        yield _plain(line)


def _middle(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return form.format(statistics.median(known)) if known else "-"


def conclusion(judged: Verdict) -> Iterator[Line]:
    """The verdict in a few lines."""
    share = judged.inside / judged.available if judged.available else 0.0
    absent = len(judged.rows) - judged.available
    starred = sum(row.starred for row in judged.rows)
    missed = ", ".join(row.fact for row in judged.starred_missed)
    yield _plain("")
    yield _plain(
        f"{judged.inside} of {judged.available} facts in band ({share:.0%}; "
        f"{ACCEPTED_SHARE:.0%} needed), {absent} not available"
    )
    yield _plain(f"of {starred} starred (*) {f'missed: {missed}' if missed else 'all in band'}")
    if judged.accepted:
        yield [("accepted", "heading")]
    elif judged.enough:
        yield [("not accepted", "wrong")]
    else:
        yield _plain(f"no verdict: that takes the median of {SEEDS_MIN} recordings at least")


def _plain(text: str) -> Line:
    return [(text, "")]


def _cells(row: Row) -> list[str]:
    band = row.band
    value = "-" if row.value is None else _number(row.value)
    word = {True: "in", False: "OUT", None: "not available"}[row.inside]
    mean = f"{_number(band.mean)}{' target' if row.targeted else '       '}"
    star = "*" if row.starred else ""
    return [star, row.fact, value, _number(band.low), _number(band.high), mean, word]


def _number(value: float) -> str:
    return f"{value:.4g}"
