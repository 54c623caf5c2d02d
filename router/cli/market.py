"""Check market files, and compare their days with real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from router.cli.errors import CommandError, ExitCode
from router.cli.market_facts import facts_command
from router.cli.market_files import MarketArgument, market_file, shipped
from router.cli.market_text import NAMES, pages, ticks
from router.cli.options import JsonOption
from router.cli.output import columns, say, show, show_json
from router.cli.paint import paint
from venues.implied import implied
from venues.market_file import MarketSpec, read_market


def check_command(file: MarketArgument, as_json: JsonOption = False) -> None:
    """Read a market file and print what it implies: volumes, costs, impact, and what looks odd.

    Exit code 4 tells of errors, with file and line, 10 of warnings.
    """
    path = market_file(file)
    spec = read_market(path)
    found = implied(spec)
    if as_json:
        show_json({"id": spec.id, "path": path, "hash": spec.hash, **asdict(found)})
    else:
        paint(*pages(spec, found, str(path)))
    if found.warnings:
        raise CommandError(ExitCode.FINDINGS)
    say(f"ok: {spec.id} can be traded in, and nothing about it looks odd")


def list_command(as_json: JsonOption = False) -> None:
    """The markets that come with Sluice, one line each."""
    specs = [read_market(path) for path in shipped()]
    if as_json:
        show_json({"markets": [_card(spec) for spec in specs]})
        return
    header = ("market", ">price", ">spread", ">ADV", ">sigma bp", "venues", "hours")
    rows = [
        [
            spec.id,
            f"{spec.stock.price:,.2f}",
            ticks(spec.stock.spread_ticks),
            f"{spec.stock.adv:,}",
            f"{spec.stock.sigma_day_bp:g}",
            _venues(spec),
            f"{spec.session.start[:5]}-{spec.session.end[:5]}",
        ]
        for spec in specs
    ]
    for line in columns(header, rows):
        show(line)


COMMANDS: dict[str, Callable[..., None]] = {
    "check": check_command,
    "facts": facts_command,
    "list": list_command,
}


def _card(spec: MarketSpec) -> dict[str, object]:
    return {
        "id": spec.id,
        "source": spec.source,
        "stock": spec.stock.model_dump(),
        "venues": [venue.id for venue in spec.venues],
    }


def _venues(spec: MarketSpec) -> str:
    """How many of each kind."""
    kinds = [venue.type for venue in spec.venues]
    return ", ".join(f"{kinds.count(kind)} {NAMES[kind]}" for kind in NAMES if kind in kinds)
