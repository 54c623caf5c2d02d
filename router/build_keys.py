"""What the keys of one session name, read: dictionaries, calendars, secrets, schedules.

Owns the translation of session keys (config.fix) into what a session works with. Problems are
collected, each with its place, so that one look shows them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from config.calendars import CalendarSettings, load_calendar
from config.documents import Where
from config.fix import DAYS, PRECISIONS, CredentialKeys, SessionKeys, wall_seconds
from config.layers import SettingsError
from config.secrets import SecretError, read_secret
from config.settings import Settings
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
from router.fix.session import SessionConfig
from router.fix.throttle import Throttle
from router.fix.versions import FIXT, Version, version


def session_config(
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
        late_clock=keys.late_clock or ("reject" if acceptor else "report"),
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


def reader(settings: Settings, own: SessionKeys, where: Where, problems: list[str]) -> Reader:
    """Who reads what an item's keys name."""
    return Reader(settings, own, where, problems, settings.session_keys(own))


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what one item's keys name; what is wrong goes to `problems`, with its place."""

    settings: Settings
    own: SessionKeys
    where: Where
    problems: list[str]
    keys: SessionKeys
    """Those that hold for the item."""

    def refuse(self, key: str, text: str) -> None:
        """Blame a key where it was set: at the item, else in `fix.defaults`."""
        mine = key in self.own.model_fields_set
        place: Where = (*self.where, key) if mine else ("fix", "defaults", key)
        self.problems.append(self.settings.problem(place, text))

    def dictionary(self, *, acceptor: bool) -> Dictionary | None:
        """What its messages are judged by; None if they are not, or if it cannot be read."""
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
        """What its peer may send; None for anything."""
        found = self.keys.throttle
        if found is None:
            return None
        return Throttle(messages=found.messages, window_ns=found.window_ms * 1_000_000)

    def schedule(self) -> Schedule:
        """When it is open."""
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
        """Its holidays."""
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
