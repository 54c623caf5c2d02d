"""The sessions of drop copies that the settings name: those that we are given, and those we give.

Owns which of a session's keys mean what for copies.
"""

from __future__ import annotations

from config.drop_copies import DropCopyIn, DropCopyOut
from config.sections import nanoseconds
from config.settings import Settings
from router.build_keys import Reader, session_config
from router.build_keys import reader as read_keys
from router.fix.session import Session
from router.runtime.links import CopyTerms, Door, Link, LinkKind


def copy_links(settings: Settings, problems: list[str]) -> list[Link]:
    """All of them; what is wrong goes to `problems`."""
    found = []
    for index, own in enumerate(settings.drop_copies.received):
        reader = read_keys(settings, own, ("drop_copies", "received", index), problems)
        found.append(_copies_in(own, reader))
    for index, given in enumerate(settings.drop_copies.given):
        reader = read_keys(settings, given, ("drop_copies", "given", index), problems)
        found.append(_copies_out(settings, given, reader))
    return found


def _copies_in(own: DropCopyIn, reader: Reader) -> Link:
    """A session on which we are given copies."""
    keys = reader.keys
    names = (own.sender_comp_id, own.target_comp_id)
    config = session_config(
        keys,
        acceptor=False,
        sender=names[0],
        target=names[1],
        validate=reader.dictionary(acceptor=False),
        logon_fields=reader.logon_fields(keys.credentials, *names),
    )
    return Link(
        name=own.name,
        kind=LinkKind.COPIES,
        config=config,
        session=Session(config),
        copies=CopyTerms(own.mics, nanoseconds(own.wait_s), own.trusted),
        schedule=reader.schedule(),
        liquidity_tag=str(keys.liquidity_flag_tag or ""),
        out_buffer_bytes=keys.out_buffer_bytes,
        out_buffer_s=keys.out_buffer_s,
    )


def _copies_out(settings: Settings, own: DropCopyOut, reader: Reader) -> Link:
    """A session on which we give copies."""
    keys = reader.keys
    config = session_config(
        keys,
        acceptor=True,
        sender=settings.fix.acceptor.sender_comp_id,
        target=own.target_comp_id,
        validate=reader.dictionary(acceptor=True),
    )
    return Link(
        name=own.target_comp_id,
        kind=LinkKind.DROP,
        config=config,
        session=Session(config),
        copy_of=own.of,
        door=Door(own.target_comp_id, own.networks, reader.proof(), own.logon_refusal),
        schedule=reader.schedule(),
        throttle=reader.throttle(),
        liquidity_tag=str(keys.liquidity_flag_tag or ""),
        out_buffer_bytes=keys.out_buffer_bytes,
        out_buffer_s=keys.out_buffer_s,
    )
