"""Run the simulated venues of a market by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from config.documents import DocumentError
from config.settings import DEFAULT_CONFIG, Settings
from router.build_keys import spoken
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, SetOption, settings_of
from venues.__main__ import main
from venues.market_file import read_market


def command(
    market: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default="the configuration's", help="The market."),
    ] = None,
    base_port: Annotated[
        int | None,
        typer.Option(
            show_default="the first venue's", help="Port of the first venue; 0 takes free ones."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(show_default="the configuration's", help="Of all chance.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(show_default="the configuration's", help="Simulated seconds in a second."),
    ] = None,
    origin: Annotated[
        int | None,
        typer.Option(
            metavar="NS",
            show_default="the configuration's, or now",
            help="UTC ns at which simulated and real time agree.",
        ),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where sequence numbers are kept.")
    ] = None,
    audit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the venues keep their own account.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Listen on one port a venue, and say on stdout, as one JSON line, when all do.

    A router with the same configuration finds them there: `sluice run`. They end with SIGTERM or
    SIGINT.
    """
    settings = settings_of(config, overrides)
    argv = [
        *("--market", str(market or _market(settings))),
        *("--base-port", str(_first_port(settings) if base_port is None else base_port)),
        *("--seed", str(_seed(settings) if seed is None else seed)),
        *("--speed", str(settings.clock.speed if speed is None else speed)),
    ]
    start = settings.clock.origin_ns if origin is None else origin
    for name, value in (("--origin", start), ("--state", state), ("--audit", audit)):
        if value is not None:
            argv.extend([name, str(value)])
    code = main([*argv, *spoken_options(settings, market or _market(settings))])
    if code:
        raise CommandError(ExitCode(code))


def spoken_options(settings: Settings, market: Path) -> list[str]:
    """What the venues' process is told, so that each venue of a market speaks as configured."""
    try:
        simulated = {each.id for each in read_market(market).venues}
    except DocumentError:
        return []  # the process says what is wrong with it
    told = []
    for each in settings.venues:
        if each.mic not in simulated:
            continue
        keys = settings.session_keys(each)
        told += ["--fix-version", f"{each.mic}={spoken(keys).name}"]
        if keys.liquidity_flag_tag is not None:
            told += ["--liquidity-tag", f"{each.mic}={keys.liquidity_flag_tag}"]
        if each.cod != "none":
            told += ["--cod", f"{each.mic}={each.cod}"]
    for copies in settings.drop_copies.received:
        if copies.target_comp_id in simulated:
            told += ["--copy-client", f"{copies.target_comp_id}={copies.sender_comp_id}"]
    return told


def _market(settings: Settings) -> Path:
    if settings.simulate is None:
        text = "the configuration has no simulated market; name one: --market FILE"
        raise CommandError(ExitCode.CONFIGURATION, text)
    return settings.simulate.market


def _seed(settings: Settings) -> int:
    return settings.simulate.seed if settings.simulate is not None else 1


def _first_port(settings: Settings) -> int:
    return settings.venues[0].connect[0].port
