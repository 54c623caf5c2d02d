"""The verdict on recorded days, as text: what `sluice market facts` prints. Not a command.

Owns words and layout. The verdict is that of `venues.facts.bands`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.cli.output import columns
from router.cli.paint import Span
from venues.facts.bands import ACCEPTED_SHARE, SEEDS_MIN, Row, Verdict

Line = Sequence[Span]

HEADER = ("", "fact", ">value", ">low", ">high", ">real or target", "")


def pages(names: Sequence[str], regime: str, stock: str, judged: Verdict) -> Iterator[Line]:
    """What was measured, each fact, and the verdict."""
    count = f"{len(names)} recordings" if len(names) != 1 else "1 recording"
    yield [(f"{count} against {regime}", "heading"), (f"  {stock}", "quiet")]
    yield [(", ".join(names), "quiet")]
    yield [("", "")]
    table = columns(HEADER, [_cells(row) for row in judged.rows])
    yield [(table[0], "quiet")]
    for line, row in zip(table[1:], judged.rows, strict=True):
        yield [(line, "wrong" if row.inside is False else "")]
    yield [("", "")]
    yield from ([(text, style)] for text, style in conclusion(judged))


def conclusion(judged: Verdict) -> Iterator[Span]:
    """The verdict in a few lines."""
    share = judged.inside / judged.available if judged.available else 0.0
    absent = len(judged.rows) - judged.available
    yield (
        f"{judged.inside} of {judged.available} facts in band ({share:.0%}; "
        f"{ACCEPTED_SHARE:.0%} needed), {absent} not available",
        "",
    )
    missed = ", ".join(row.fact for row in judged.starred_missed)
    starred = sum(row.starred for row in judged.rows)
    yield (f"of {starred} starred (*) {f'missed: {missed}' if missed else 'all in band'}", "")
    if judged.accepted:
        yield ("accepted", "heading")
    elif judged.enough:
        yield ("not accepted", "wrong")
    else:
        yield (f"no verdict: it is judged by the median of {SEEDS_MIN} recordings at least", "")


def _cells(row: Row) -> list[str]:
    band = row.band
    value = "-" if row.value is None else _number(row.value)
    word = {True: "in", False: "OUT", None: "not available"}[row.inside]
    mean = f"{_number(band.mean)}{' target' if row.targeted else '       '}"
    star = "*" if row.starred else ""
    return [star, row.fact, value, _number(band.low), _number(band.high), mean, word]


def _number(value: float) -> str:
    return f"{value:.4g}"
