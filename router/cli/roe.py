"""Write the rules of engagement for an OMS or a venue, from the dictionary and configuration."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG, Settings
from router import build
from router.build_sessions import dictionaries
from router.cli.engagement.document import Party, markdown, oms_party, venue_party
from router.cli.engagement.html import page
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, SetOption, settings_of
from router.cli.output import say, show


def command(
    session: Annotated[
        str, typer.Option("--session", metavar="NAME", help="For this OMS session.")
    ] = "",
    venue: Annotated[str, typer.Option("--venue", metavar="MIC", help="For this venue.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there, not to stdout.")
    ] = None,
    html: Annotated[
        bool, typer.Option("--html", help="One HTML page instead of Markdown.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Write what a counterparty has to know: connection, messages, fields, refusals, scenarios.

    The same configuration gives the same bytes. Exit 2: no such session or venue.
    """
    settings = settings_of(config, overrides)
    party = _party(settings, session, venue)
    spec = dictionaries(settings)[session or venue].spec
    text = markdown(party, spec, software=_software(), digest=settings.digest())
    if html:
        text = page(text)
    if out is None:
        show(text.rstrip("\n"))
    else:
        out.write_text(text, encoding="utf-8")
        say(f"{out}: {len(text.encode()):,} bytes")


def _party(settings: Settings, session: str, venue: str) -> Party:
    """Whom the document is for.

    Raises:
        CommandError: nobody, both, or one that is not configured.
    """
    sessions = {settings.session_name(each): each for each in settings.fix.acceptor.sessions}
    venues = {each.mic: each for each in settings.venues}
    if bool(session) == bool(venue):
        lines = (
            "name one: --session NAME or --venue MIC",
            f"sessions: {', '.join(sessions)}; venues: {', '.join(venues)}",
        )
        raise CommandError(ExitCode.CONFIGURATION, *lines)
    known = list(sessions) if session else list(venues)
    if (session or venue) not in known:
        what = "session" if session else "venue"
        text = f"no {what} {session or venue!r}; there are: {', '.join(known)}"
        raise CommandError(ExitCode.NOT_FOUND, text)
    if session:
        return oms_party(settings, sessions[session], build.families().algos)
    return venue_party(settings, venues[venue])


def _software() -> str:
    try:
        return version("sluice")
    except PackageNotFoundError:
        return "from a checkout that is not installed"
