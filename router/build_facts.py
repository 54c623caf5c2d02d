"""What of a configuration must not change unnoticed between two lives: a flat list of facts.

Owns which settings those are (reliability.md F-33). They are journaled with every start, and
`runtime.changes` compares them with those of the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.fix import SessionKeys
from config.settings import Settings
from router.ports import Limit


def facts(settings: Settings, limits: Sequence[Limit]) -> dict[str, str]:
    """Venues, identities of sessions, parameters of limits: name to value."""
    return dict([*_sessions(settings), *_limits(limits)])


def _sessions(settings: Settings) -> Iterator[tuple[str, str]]:
    ours = settings.fix.acceptor.sender_comp_id
    for oms in settings.fix.acceptor.sessions:
        name = settings.session_name(oms)
        yield f"oms {name}", _identity(settings, oms, ours, oms.target_comp_id)
    for venue in settings.venues:
        names = (venue.sender_comp_id, venue.target_comp_id)
        yield f"venue {venue.mic}", _identity(settings, venue, *names)
    for copies in settings.drop_copies.received:
        names = (copies.sender_comp_id, copies.target_comp_id)
        yield f"copies {copies.name}", _identity(settings, copies, *names)
    for given in settings.drop_copies.given:
        name = given.target_comp_id
        yield f"reader {name}", _identity(settings, given, ours, name)


def _identity(settings: Settings, own: SessionKeys, sender: str, target: str) -> str:
    """What a session's numbers belong to."""
    keys = settings.session_keys(own)
    parts = [keys.begin_string, sender, target]
    for name in ("sender_sub_id", "sender_location_id", "target_sub_id", "target_location_id"):
        value = getattr(keys, name)
        parts += [f"{name}={value}"] if value else []
    return " ".join(parts)


def _limits(limits: Sequence[Limit]) -> Iterator[tuple[str, str]]:
    for limit in limits:
        for key, value in limit.model_dump(mode="json").items():
            yield f"limit {limit.plugin_name()}.{key}", str(value)
