"""What is allowed of a FIX session and may not be meant: openness, secrets, dates that run out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path

from config.calendars import load_calendar
from config.documents import Where
from config.drop_copies import DropCopyIn, DropCopyOut
from config.fix import AcceptorTls, OmsSession
from config.settings import Settings
from config.venues import VenueSettings, VenueTls
from router.model import NS
from router.runtime.certificates import certificates, validity

DAY_NS = 86_400 * NS

BEGIN_AGAIN = (
    "reset_on_logon",
    "reset_on_logout",
    "reset_on_disconnect",
    "reset_seq_time",
    "start_time",
)
"""Keys by which a session's numbers begin again."""

CALENDAR_DAYS = 30
"""A calendar that ends sooner is due to be renewed."""
CERTIFICATE_DAYS = 30
"""So is a certificate."""


def findings(settings: Settings, now: int) -> Iterator[str]:
    """Findings, each with its place. `now` is UTC nanoseconds."""
    yield from _acceptor(settings)
    for where, name, own in _called(settings):
        if own.tls is not None and not own.tls.verify and not own.tls.fingerprints:
            text = f"anybody may pretend to be {name}; set fingerprints, or verify"
            yield settings.problem((*where, "tls", "verify"), text)
        keys = settings.session_keys(own)
        clear = keys.credentials is not None and keys.credentials.kind == "password"
        if clear and own.tls is None and not all(_is_here(each.host) for each in own.connect):
            text = f"the password for {name} goes over the network in clear; set tls"
            yield settings.problem((*where, "credentials"), text)
    yield from _silent(settings)
    yield from _calendars(settings, now)
    yield from _certificates(settings, now)


def _callers(settings: Settings) -> Iterator[tuple[Where, str, OmsSession | DropCopyOut]]:
    """Sessions that peers open, with place and name."""
    for index, oms in enumerate(settings.fix.acceptor.sessions):
        yield ("fix", "acceptor", "sessions", index), settings.session_name(oms), oms
    for index, given in enumerate(settings.drop_copies.given):
        yield ("drop_copies", "given", index), given.target_comp_id, given


def _called(settings: Settings) -> Iterator[tuple[Where, str, VenueSettings | DropCopyIn]]:
    """Sessions that we open, with place and name."""
    for index, venue in enumerate(settings.venues):
        yield ("venues", index), venue.mic, venue
    for index, received in enumerate(settings.drop_copies.received):
        yield ("drop_copies", "received", index), received.name, received


def _acceptor(settings: Settings) -> Iterator[str]:
    acceptor = settings.fix.acceptor
    where: Where = ("fix", "acceptor")
    is_open = not _is_here(acceptor.host)
    certified = acceptor.tls is not None and acceptor.tls.ca is not None
    if is_open and acceptor.tls is None:
        text = f"{acceptor.host} is reachable from elsewhere, and FIX is not encrypted without tls"
        yield settings.problem((*where, "host"), text)
    for place, name, own in _callers(settings):
        if not own.allowed_remote_addresses:
            text = f"{name} may come from nowhere, so it cannot log on"
            yield settings.problem((*place, "allowed_remote_addresses"), text)
        if own.fingerprints and not certified:
            text = f"{name} shows no certificate without fix.acceptor.tls.ca"
            yield settings.problem((*place, "fingerprints"), text)
        if is_open and not certified and settings.session_keys(own).credentials is None:
            text = f"{name} shows neither credentials nor a certificate: its address is all"
            yield settings.problem((*place, "credentials"), text)


def _silent(settings: Settings) -> Iterator[str]:
    """Venues that may keep an execution to themselves: it is not resent, and nobody can ask."""
    copied = {mic for copies in settings.drop_copies.received for mic in copies.mics}
    for index, venue in enumerate(settings.venues):
        keys = settings.session_keys(venue)
        begins = next((name for name in BEGIN_AGAIN if getattr(keys, name)), "")
        if venue.mass_status == "none" and begins and venue.mic not in copied:
            text = (
                f"{venue.mic} answers no questions, and by {begins} its numbers begin again: nobody"
                " would know what traded while it was away; set H or AF, or receive its drop copies"
            )
            yield settings.problem(("venues", index, "mass_status"), text)


def _calendars(settings: Settings, now: int) -> Iterator[str]:
    """Calendars that know little of the days to come."""
    today = datetime.fromtimestamp(now // NS, UTC).date()
    places: dict[Path | None, Where] = {}
    for where, _, own in (*_callers(settings), *_called(settings)):
        places.setdefault(settings.session_keys(own).calendar, (*where, "calendar"))
    default = settings.fix.defaults.calendar
    for path, where in places.items():
        if path is None:
            continue
        place = ("fix", "defaults", "calendar") if path == default else where
        found = load_calendar(path)
        if found.last is None or (found.last - today).days < CALENDAR_DAYS:
            text = f"{found.name} ends on {found.last}: the days after it are trading days"
            yield settings.problem(place, text)


def _certificates(settings: Settings, now: int) -> Iterator[str]:
    """Certificates that are about to expire."""
    named: list[tuple[Where, AcceptorTls | VenueTls | None]] = [
        (("fix", "acceptor", "tls"), settings.fix.acceptor.tls)
    ]
    named += [((*where, "tls"), own.tls) for where, _, own in _called(settings)]
    for where, tls in named:
        if tls is None:
            continue
        for key, path in (("certificate", tls.certificate), ("ca", tls.ca)):
            if path is not None:
                for text in _ending(key, path, now + CERTIFICATE_DAYS * DAY_NS):
                    yield settings.problem((*where, key), f"{path} {text}")


def _ending(key: str, path: Path, by: int) -> Iterator[str]:
    """What of a file's certificates ends by a time. Behind our own may be what no peer needs."""
    ends = [validity(der)[1] for der in certificates(f"tls.{key}", path)]
    own = min(ends) if key == "ca" else ends[0]
    if own < by:
        yield f"expires on {_day(own)}: renew it"
    elif (first := min(ends)) < by:
        text = f"holds another certificate, which expires on {_day(first)}"
        yield f"{text}: renew it, or leave it out if no peer needs it"


def _day(moment: int) -> date:
    return datetime.fromtimestamp(moment // NS, UTC).date()


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
