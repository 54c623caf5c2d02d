"""Every session that the settings name, with what its keys name read: calendars, secrets, files.

Owns the translation of session keys (config.fix) into what sessions, doors and schedules work with.
All problems are collected, so that one look shows them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.calendars import CalendarSettings, load_calendar
from config.documents import Where
from config.fix import DAYS, PRECISIONS, CredentialKeys, OmsSession, SessionKeys, wall_seconds
from config.layers import SettingsError
from config.secrets import SecretError, read_secret
from config.settings import Settings
from config.venues import VenueSettings
from router.build_dictionaries import DictionaryFileError, session_dictionary
from router.fix.credentials import (
    Credentials,
    LogonFields,
    PasswordFields,
    PasswordProof,
    Proof,
    SignatureFields,
    SignatureProof,
)
from router.fix.dictionary import Dictionary, dictionary
from router.fix.schedule import EVERY_DAY, NO_HOLIDAYS, Calendar, Schedule
from router.fix.session import Session, SessionConfig
from router.fix.throttle import Throttle
from router.fix.versions import FIXT, Version, version
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
        reader = _reader(settings, oms, where, problems)
        found.append(_oms(settings, oms, reader))
    for index, own in enumerate(settings.venues):
        reader = _reader(settings, own, ("venues", index), problems)
        found += _venue(own, venues[own.mic], reader)
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
                _venue_tls(own, name),
            )
            for name, hosts in addresses.items()
        ]
    return found


def dictionaries(settings: Settings) -> dict[str, Dictionary]:
    """What each session's messages are judged by or named after; no secret is read.

    Raises:
        SettingsError: everything that is wrong with what the keys name, one line each.
    """
    problems: list[str] = []
    found: dict[str, Dictionary] = {}
    for index, oms in enumerate(settings.fix.acceptor.sessions):
        reader = _reader(settings, oms, ("fix", "acceptor", "sessions", index), problems)
        found[settings.session_name(oms)] = reader.dictionary(acceptor=True) or reader.plain()
    for index, own in enumerate(settings.venues):
        reader = _reader(settings, own, ("venues", index), problems)
        found[own.mic] = reader.dictionary(acceptor=False) or reader.plain()
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
    for index, own in enumerate(settings.venues):
        tls = _venue_tls(own, own.mic)
        try:
            if tls is not None:
                client_context(tls, now)
        except TlsError as error:
            problems.append(settings.problem(("venues", index, "tls"), str(error)))
    if problems:
        raise SettingsError(problems)


def _reader(
    settings: Settings, own: OmsSession | VenueSettings, where: Where, problems: list[str]
) -> _Reader:
    return _Reader(settings, own, where, problems, settings.session_keys(own))


def _venue_tls(own: VenueSettings, name: str) -> TlsSettings | None:
    tls = own.tls
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


def _oms(settings: Settings, own: OmsSession, reader: _Reader) -> Link:
    keys = reader.keys
    name = settings.session_name(own)
    config = _config(
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
        door=Door(name, own.networks, reader.proof(), own.logon_refusal),
        schedule=reader.schedule(),
        throttle=reader.throttle(),
        liquidity_tag=str(keys.liquidity_flag_tag or ""),
        out_buffer_bytes=keys.out_buffer_bytes,
        out_buffer_s=keys.out_buffer_s,
    )


def _venue(own: VenueSettings, profile: Venue, reader: _Reader) -> list[Link]:
    keys = reader.keys
    names = (own.sender_comp_id, own.target_comp_id)
    config = _config(
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
    config = _config(
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


def _config(
    keys: SessionKeys,
    *,
    acceptor: bool,
    sender: str,
    target: str,
    validate: Dictionary | None = None,
    logon_fields: LogonFields | None = None,
    durable: bool = True,
) -> SessionConfig:
    """A session's settings. One that is not durable begins anew with each Logon.

    What a venue sends is judged too, but a fault in it is only a flag (fix.md S7).
    """
    return SessionConfig(
        sender_comp_id=sender,
        target_comp_id=target,
        role="acceptor" if acceptor else "initiator",
        begin_string=keys.begin_string,
        default_appl_ver_id=_appl_ver_id(keys),
        session_qualifier=keys.session_qualifier or "",
        sender_sub_id=keys.sender_sub_id or "",
        sender_location_id=keys.sender_location_id or "",
        target_sub_id=keys.target_sub_id or "",
        target_location_id=keys.target_location_id or "",
        heart_bt_int=keys.heart_bt_int,
        heart_bt_int_max=keys.heart_bt_int_max,
        reset_on_logon=keys.reset_on_logon or not durable,
        reset_on_logout=keys.reset_on_logout,
        reset_on_disconnect=keys.reset_on_disconnect,
        check_latency=keys.check_latency,
        max_latency=keys.max_latency,
        check_comp_id=keys.check_comp_id,
        logon_timeout=keys.logon_timeout,
        logout_timeout=keys.logout_timeout,
        test_request_after=keys.test_request_after,
        heartbeat_timeout_after=keys.heartbeat_timeout_after,
        resend_request_chunk_size=keys.resend_request_chunk_size,
        resend_timeout=keys.resend_timeout,
        timestamp_precision=PRECISIONS[keys.timestamp_precision],
        frame_max=keys.max_message_size,
        validate=validate,
        strict=acceptor if keys.strict is None else keys.strict,
        enable_next_expected_msg_seq_num=keys.enable_next_expected_msg_seq_num,
        enable_last_msg_seq_num_processed=keys.enable_last_msg_seq_num_processed,
        send_redundant_resend_requests=keys.send_redundant_resend_requests,
        requires_orig_sending_time=keys.requires_orig_sending_time,
        reject_invalid_message=keys.reject_invalid_message,
        reset_seq_higher=keys.reset_seq_higher,
        late_clock=keys.late_clock,
        test_mode=keys.test_mode,
        logon_fields=logon_fields,
        durable=durable,
    )


def spoken(keys: SessionKeys) -> Version:
    """The version that a session speaks."""
    return version(keys.begin_string, _appl_ver_id(keys))


def _appl_ver_id(keys: SessionKeys) -> str:
    """DefaultApplVerID(1137): the only one that is served, on FIXT.1.1."""
    return "9" if keys.begin_string == FIXT else ""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads what one item's keys name; what is wrong goes to `problems`, with its place."""

    settings: Settings
    own: OmsSession | VenueSettings
    where: Where
    problems: list[str]
    keys: SessionKeys

    def refuse(self, key: str, text: str) -> None:
        """Blame a key where it was set: at the item, else in `fix.defaults`."""
        mine = key in self.own.model_fields_set
        place: Where = (*self.where, key) if mine else ("fix", "defaults", key)
        self.problems.append(self.settings.problem(place, text))

    def dictionary(self, *, acceptor: bool) -> Dictionary | None:
        keys = self.keys
        if not keys.use_data_dictionary:
            return None
        try:
            return session_dictionary(keys, spoken(keys), acceptor=acceptor)
        except DictionaryFileError as error:
            for problem in error.problems:
                self.refuse(error.key, problem)
            return None

    def plain(self) -> Dictionary:
        """The version as it is."""
        return dictionary(spoken(self.keys))

    def throttle(self) -> Throttle | None:
        found = self.keys.throttle
        if found is None:
            return None
        return Throttle(messages=found.messages, window_ns=found.window_ms * 1_000_000)

    def schedule(self) -> Schedule:
        keys = self.keys
        return Schedule(
            time_zone=keys.time_zone,
            start_time=_seconds(keys.start_time),
            end_time=_seconds(keys.end_time),
            start_day=None if keys.start_day is None else DAYS.index(keys.start_day),
            end_day=None if keys.end_day is None else DAYS.index(keys.end_day),
            weekdays=EVERY_DAY
            if keys.weekdays is None
            else frozenset(DAYS.index(each) for each in keys.weekdays),
            reset_time=_seconds(keys.reset_seq_time),
            calendar=self.calendar(),
        )

    def calendar(self) -> Calendar:
        keys = self.keys
        if keys.calendar is None:
            return NO_HOLIDAYS
        try:
            found: CalendarSettings = load_calendar(keys.calendar)
        except SettingsError as error:
            self.problems.extend(error.problems)
            return NO_HOLIDAYS
        if found.time_zone != keys.time_zone:
            text = f"{found.name} has the dates of {found.time_zone}; set time_zone to the same"
            self.refuse("calendar", text)
        return Calendar(found.closed, found.early)

    def proof(self) -> Credentials | None:
        """What an OMS must show."""
        keys = self.keys.credentials
        secret = self._secret(keys)
        if keys is None or secret is None:
            return None
        try:
            if keys.username is None:
                proof: Proof = SignatureProof(secret)
            else:
                lines = secret.decode("ascii", "replace").split()
                proof = PasswordProof(keys.username, tuple(lines))
        except ValueError as error:
            self.refuse("credentials", f"secret {keys.secret}: {error}")
            return None
        return Credentials(proof, expires_at=keys.expires_ns)

    def logon_fields(
        self, keys: CredentialKeys | None, sender: str, target: str
    ) -> LogonFields | None:
        """What we show a venue."""
        secret = self._secret(keys)
        if keys is None or secret is None:
            return None
        try:
            if keys.username is not None:
                return PasswordFields(keys.username, secret.decode("utf-8"))
            return SignatureFields(
                secret,
                begin_string=self.keys.begin_string,
                sender_comp_id=sender,
                target_comp_id=target,
                timestamp_precision=PRECISIONS[self.keys.timestamp_precision],
            )
        except UnicodeDecodeError:
            self.refuse(
                "credentials", f"secret {keys.secret}: not UTF-8; allowed: one line of text"
            )
        except ValueError as error:
            self.refuse("credentials", f"secret {keys.secret}: {error}")
        return None

    def _secret(self, keys: CredentialKeys | None) -> bytes | None:
        if keys is None:
            return None
        try:
            return read_secret(self.settings.secrets_folder, keys.secret).get_secret_value()
        except SecretError as error:
            self.refuse("credentials", str(error))
            return None


def _seconds(text: str | None) -> int | None:
    return None if text is None else wall_seconds(text)
