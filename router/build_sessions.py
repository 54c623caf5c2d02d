"""Every session that the settings name, with what its keys name read: calendars, secrets, files.

Owns the translation of session keys (config.fix) into what sessions, doors and schedules work with.
All problems are collected, so that one look shows them all.
"""

from __future__ import annotations

from collections.abc import Mapping

from config.documents import Where
from config.fix import OmsSession
from config.layers import SettingsError
from config.sections import nanoseconds
from config.settings import Settings
from config.venues import VenueSettings, VenueTls
from router.build_copies import copy_links
from router.build_keys import Reader, session_config
from router.build_keys import reader as read_keys
from router.fix.dictionary import Dictionary
from router.fix.session import Session
from router.model import Venue
from router.runtime.dialing import Address, Dial
from router.runtime.links import Door, Link, LinkKind
from router.runtime.tls import TlsError, TlsSettings, client_context, server_context


def links(settings: Settings, venues: Mapping[str, Venue]) -> list[Link]:
    """Every session: those of OMSs, and for each venue order entry and market data.

    Raises:
        SettingsError: everything that is wrong with what the keys name, one line each.
    """
    problems: list[str] = []
    found = []
    for index, oms in enumerate(settings.fix.acceptor.sessions):
        where: Where = ("fix", "acceptor", "sessions", index)
        reader = read_keys(settings, oms, where, problems)
        found.append(_oms(settings, oms, reader))
    for index, own in enumerate(settings.venues):
        reader = read_keys(settings, own, ("venues", index), problems)
        found += _venue(own, venues[own.mic], reader)
    found += copy_links(settings, problems)
    if problems:
        raise SettingsError(dict.fromkeys(problems))
    return found


def dials(settings: Settings, ports: Mapping[str, int]) -> list[Dial]:
    """Every session that we open; `ports` of simulated venues go before configured ones."""
    found = []
    for own in settings.venues:
        keys = settings.session_keys(own)
        addresses = {own.mic: own.connect}
        if own.market_data is not None:
            addresses[f"{own.mic}.MD"] = own.market_data.connect or own.connect
        found += [
            Dial(
                name,
                tuple(Address(each.host, ports.get(own.mic, each.port)) for each in hosts),
                keys.reconnect_interval,
                keys.reconnect_interval_max,
                own.host_selection,
                _client_tls(own.tls, name),
            )
            for name, hosts in addresses.items()
        ]
    for copies in settings.drop_copies.received:
        keys = settings.session_keys(copies)
        port = ports.get(copies.mics[0])
        found.append(
            Dial(
                copies.name,
                tuple(Address(each.host, port or each.port) for each in copies.connect),
                keys.reconnect_interval,
                keys.reconnect_interval_max,
                copies.host_selection,
                _client_tls(copies.tls, copies.name),
            )
        )
    return found


def dictionaries(settings: Settings) -> dict[str, Dictionary]:
    """What each session's messages are judged by or named after; no secret is read.

    Raises:
        SettingsError: everything that is wrong with what the keys name, one line each.
    """
    problems: list[str] = []
    found: dict[str, Dictionary] = {}
    for index, oms in enumerate(settings.fix.acceptor.sessions):
        reader = read_keys(settings, oms, ("fix", "acceptor", "sessions", index), problems)
        found[settings.session_name(oms)] = reader.dictionary(acceptor=True) or reader.plain()
    for index, own in enumerate(settings.venues):
        reader = read_keys(settings, own, ("venues", index), problems)
        found[own.mic] = reader.dictionary(acceptor=False) or reader.plain()
    for index, copies in enumerate(settings.drop_copies.received):
        reader = read_keys(settings, copies, ("drop_copies", "received", index), problems)
        found[copies.name] = reader.dictionary(acceptor=False) or reader.plain()
    for index, given in enumerate(settings.drop_copies.given):
        reader = read_keys(settings, given, ("drop_copies", "given", index), problems)
        found[given.target_comp_id] = reader.dictionary(acceptor=True) or reader.plain()
    if problems:
        raise SettingsError(dict.fromkeys(problems))
    return found


def acceptor_tls(settings: Settings) -> TlsSettings | None:
    """TLS towards OMSs; None if the acceptor speaks plainly."""
    own = settings.fix.acceptor.tls
    if own is None:
        return None
    return TlsSettings(
        certificate=own.certificate,
        private_key=own.private_key,
        ca=own.ca,
        fingerprints={
            settings.session_name(each): frozenset(each.fingerprints)
            for each in settings.fix.acceptor.sessions
            if each.fingerprints
        }
        | {
            each.target_comp_id: frozenset(each.fingerprints)
            for each in settings.drop_copies.given
            if each.fingerprints
        },
    )


def check_tls(settings: Settings, now: int) -> None:
    """Read every certificate and key that the settings name; `now` is UTC nanoseconds.

    Raises:
        SettingsError: everything that is wrong with them, one line each.
    """
    problems = []
    acceptor = acceptor_tls(settings)
    try:
        if acceptor is not None:
            server_context(acceptor, now)
    except TlsError as error:
        problems.append(settings.problem(("fix", "acceptor", "tls"), str(error)))
    clients: list[tuple[Where, VenueTls | None, str]] = [
        (("venues", index, "tls"), own.tls, own.mic) for index, own in enumerate(settings.venues)
    ]
    clients += [
        (("drop_copies", "received", index, "tls"), own.tls, own.name)
        for index, own in enumerate(settings.drop_copies.received)
    ]
    for where, keys, name in clients:
        tls = _client_tls(keys, name)
        try:
            if tls is not None:
                client_context(tls, now)
        except TlsError as error:
            problems.append(settings.problem(where, str(error)))
    if problems:
        raise SettingsError(problems)


def _client_tls(tls: VenueTls | None, name: str) -> TlsSettings | None:
    if tls is None:
        return None
    return TlsSettings(
        certificate=tls.certificate,
        private_key=tls.private_key,
        ca=tls.ca,
        server_name=tls.server_name or "",
        verify=tls.verify,
        fingerprints={name: frozenset(tls.fingerprints)} if tls.fingerprints else {},
    )


def _oms(settings: Settings, own: OmsSession, reader: Reader) -> Link:
    keys = reader.keys
    name = settings.session_name(own)
    config = session_config(
        keys,
        acceptor=True,
        sender=settings.fix.acceptor.sender_comp_id,
        target=own.target_comp_id,
        validate=reader.dictionary(acceptor=True),
    )
    return Link(
        name=name,
        kind=LinkKind.OMS,
        config=config,
        session=Session(config),
        account_required=own.account_required,
        cancel_after_ns=nanoseconds(own.grace_s) if own.on_disconnect == "cancel_open" else 0,
        door=Door(name, own.networks, reader.proof(), own.logon_refusal),
        schedule=reader.schedule(),
        throttle=reader.throttle(),
        liquidity_tag=str(keys.liquidity_flag_tag or ""),
        out_buffer_bytes=keys.out_buffer_bytes,
        out_buffer_s=keys.out_buffer_s,
    )


def _venue(own: VenueSettings, profile: Venue, reader: Reader) -> list[Link]:
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
    schedule = reader.schedule()
    orders = Link(
        name=own.mic,
        kind=LinkKind.ORDERS,
        config=config,
        session=Session(config),
        venue=profile,
        schedule=schedule,
        liquidity_tag=str(keys.liquidity_flag_tag or ""),
        out_buffer_bytes=keys.out_buffer_bytes,
        out_buffer_s=keys.out_buffer_s,
    )
    data = own.market_data
    if data is None:
        return [orders]
    names = (data.sender_comp_id, data.target_comp_id)
    config = session_config(
        keys,
        acceptor=False,
        sender=names[0],
        target=names[1],
        logon_fields=reader.logon_fields(data.credentials or keys.credentials, *names),
        durable=False,
    )
    market_data = Link(
        name=f"{own.mic}.MD",
        kind=LinkKind.DATA,
        config=config,
        session=Session(config),
        venue=profile,
        schedule=schedule,
        liquidity_tag=str(keys.liquidity_flag_tag or ""),
        out_buffer_bytes=keys.out_buffer_bytes,
        out_buffer_s=keys.out_buffer_s,
    )
    return [orders, market_data]
