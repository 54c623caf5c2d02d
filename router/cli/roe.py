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
from router.fix.dictionary.quickfix_xml import write_quickfix_xml
from router.fix.specification import Specification


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
    xml: Annotated[
        Path | None,
        typer.Option("--xml", metavar="FILE", help="Write a dictionary for QuickFIX there."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Write what a counterparty has to know: connection, messages, fields, refusals, scenarios.

    The same configuration gives the same bytes. With --xml the counterparty's QuickFIX gets its
    dictionary, in FIXT.1.1 two: FILE for the application, and FILE.FIXT11.xml beside it for the
    session. Exit 2: no such session or venue.
    """
    settings = settings_of(config, overrides)
    party = _party(settings, session, venue)
    spec = dictionaries(settings)[session or venue].spec
    if xml is not None:
        _write_dictionary(xml, spec, [each.msg_type for each in party.served])
        if out is None:
            return
    text = markdown(party, spec, software=_software(), digest=settings.digest())
    if html:
        text = page(text)
    if out is None:
        show(text.rstrip("\n"))
    else:
        _write(out, text)


def _write_dictionary(path: Path, spec: Specification, msg_types: list[str]) -> None:
    """One file, or for FIXT.1.1 one for each layer."""
    _write(path, write_quickfix_xml(spec, msg_types))
    if spec.version.fixt:
        session = [each.msg_type for each in spec.messages.values() if each.admin and each.served]
        _write(path.with_suffix(".FIXT11.xml"), write_quickfix_xml(spec, session))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    say(f"{path}: {len(text.encode()):,} bytes")


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
