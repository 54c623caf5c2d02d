"""The dictionaries of configured sessions, by the CompIDs on their messages. Not a command."""

from __future__ import annotations

from config.settings import Settings
from router.build_sessions import dictionaries
from router.fix.dictionary import Dictionary


def by_comp_ids(settings: Settings) -> dict[tuple[str, str], Dictionary]:
    """SenderCompID(49) and TargetCompID(56) of both directions to the session's dictionary.

    Raises:
        SettingsError: everything that is wrong with what the session keys name.
    """
    known = dictionaries(settings)
    acceptor = settings.fix.acceptor
    ends = [
        (acceptor.sender_comp_id, each.target_comp_id, settings.session_name(each))
        for each in acceptor.sessions
    ]
    for own in settings.venues:
        ends.append((own.sender_comp_id, own.target_comp_id, own.mic))
        if own.market_data is not None:
            data = own.market_data
            ends.append((data.sender_comp_id, data.target_comp_id, own.mic))
    found = {}
    for ours, theirs, name in ends:
        found[ours, theirs] = found[theirs, ours] = known[name]
    return found
