"""The facts of recorded days and the verdict on them: the work of `sluice market facts`.

Owns what is measured and how it ends. Not a command by itself: `router.cli.market` names it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from router.cli.errors import CommandError, ExitCode
from router.cli.market_facts_text import conclusion, pages, venue_pages
from router.cli.market_files import market_file
from router.cli.options import JsonOption
from router.cli.output import say, show_json
from router.cli.paint import paint
from router.cli.recorded import HoursOption, scope_meant
from venues.facts.bands import Verdict, regime, regime_names, regime_of_days, verdict
from venues.facts.day import Scope
from venues.facts.measure import Measured, measure
from venues.facts.tables import RecordingFormatError
from venues.facts.targets import regime_of, targets_of
from venues.market_file import MarketSpec, read_market
from venues.recorder import record

PICTURES = (".png", ".svg", ".pdf")
"""Ends of a picture's name."""

SEEDS_MAX = 100
"""Days recorded by one command: each takes seconds."""


def facts_command(
    prefixes: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PREFIX...", help="Recordings in OBS-1, a path prefix each."),
    ] = None,
    market: Annotated[
        str, typer.Option(metavar="FILE", help="Their market: hours, venues and targets.")
    ] = "",
    seeds: Annotated[
        str, typer.Option(metavar="FROM:N", help="Record N days of the market first, from a seed.")
    ] = "",
    against: Annotated[
        str,
        typer.Option("--regime", metavar="NAME", show_default="the nearest", help="Real days."),
    ] = "",
    hours: HoursOption = "",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw them beside real days: PNG, SVG, PDF.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure recorded days of a market with no router in it, and judge them by real days.

    Judged is the median of each fact over five recordings at least: 85 % in band, and no starred
    fact out. What a market file sets by itself, as its spread, is judged by the file. Exit code 10:
    not accepted.
    """
    if plot is not None and plot.suffix not in PICTURES:
        text = f"--plot {plot}: must end in {', '.join(PICTURES)}"
        raise CommandError(ExitCode.CONFIGURATION, text)
    if against and against not in regime_names():
        text = f"--regime {against}: one of {', '.join(regime_names())}"
        raise CommandError(ExitCode.CONFIGURATION, text)
    spec = read_market(market_file(market)) if market else None
    scope = scope_meant(spec, hours)
    days = _days(prefixes or [], spec, seeds, scope)
    facts = [day.facts for day in days]
    name = against or (regime_of(spec) if spec is not None else regime_of_days(facts))
    real, targets = regime(name), targets_of(spec) if spec is not None else {}
    judged = verdict(facts, real.bands, targets)
    if plot is not None:
        from venues.facts.picture import draw  # matplotlib is slow to load and seldom needed

        whose = f"of market {spec.id}, " if spec is not None else ""
        draw(plot, days, real, scope, f"Recorded days {whose}beside real ones")
        say(f"drawn: {plot}")
    if as_json:
        show_json(_data(days, name, judged))
    else:
        paint(
            *pages([day.name for day in days], name, real.stock, judged),
            *venue_pages(days, spec),
            *conclusion(judged),
        )
    if judged.enough and not judged.accepted:
        raise CommandError(ExitCode.FINDINGS)


def _days(
    prefixes: Sequence[Path], spec: MarketSpec | None, seeds: str, scope: Scope
) -> list[Measured]:
    """What is measured: recordings that there are, or those of some seeds."""
    try:
        if prefixes and not seeds:
            return [measure(prefix, scope) for prefix in prefixes]
        if spec is None or not seeds or prefixes:
            text = "name recordings, or a market with --market and its --seeds"
            raise CommandError(ExitCode.CONFIGURATION, text)
        days = []
        with tempfile.TemporaryDirectory() as folder:
            for seed in _seeds(seeds):
                days.append(measure(record(spec, seed, Path(folder)), scope))
                say(f"recorded: {days[-1].name}")
        return days
    except RecordingFormatError as error:
        raise CommandError(ExitCode.ERROR, str(error)) from None


def _seeds(text: str) -> range:
    found = re.fullmatch(r"(\d{1,9}):(\d{1,3})", text)
    if found is None or not 1 <= int(found[2]) <= SEEDS_MAX:
        reason = f"--seeds {text}: not FROM:N, N from 1 to {SEEDS_MAX}"
        raise CommandError(ExitCode.CONFIGURATION, reason)
    first, count = int(found[1]), int(found[2])
    return range(first, first + count)


def _data(days: Sequence[Measured], name: str, judged: Verdict) -> dict[str, object]:
    return {
        "regime": name,
        "recordings": {day.name: day.facts for day in days},
        "venues": {
            day.name: {mic: asdict(facts) for mic, facts in day.venues.items()} for day in days
        },
        "accepted": judged.accepted,
        "enough": judged.enough,
        "inside": judged.inside,
        "available": judged.available,
        "starred_missed": [row.fact for row in judged.starred_missed],
        "rows": [
            {
                "fact": row.fact,
                "value": row.value,
                "low": row.band.low,
                "high": row.band.high,
                "mean": row.band.mean,
                "starred": row.starred,
                "targeted": row.targeted,
                "inside": row.inside,
            }
            for row in judged.rows
        ],
    }
