"""The FIX parts of `sluice.yaml`: the keys of a session, and the acceptor with its OMS sessions.

Owns what each key means and may be by itself; config.combinations knows which keys go together.
Keys are named as in QuickFIX, in snake case; those that QuickFIX has not are marked "ours".
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.layers import items
from config.sections import Host, Name, Seconds, Section

IpNetwork = IPv4Network | IPv6Network
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WallTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$")]
"""`HH:MM` or `HH:MM:SS`; `wall_seconds` gives seconds."""
PRECISIONS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Decimals of a second."""
MAX_MESSAGE_SIZE = 65_536


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        text = "no such time zone; allowed: IANA names, such as America/New_York"
        raise ValueError(text) from None
    return value


def _day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("not a date; allowed: such as 2026-12-31") from None
    return value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as error:
        text = f"{error}; allowed: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32"
        raise ValueError(text) from None
    return value


def _fingerprint(value: str) -> str:
    digits = value.replace(":", "").lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits) is None:
        raise ValueError(
            "not a SHA-256; allowed: 64 hexadecimal digits, colons between them or not"
        )
    return digits


TimeZone = Annotated[str, AfterValidator(_time_zone)]
IsoDate = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
Network = Annotated[str, AfterValidator(_network)]
Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
"""SHA-256 of a certificate, 64 lower-case hexadecimal digits."""


def wall_seconds(text: str) -> int:
    """Seconds of the local day of a WallTime."""
    hours, minutes, seconds = (*map(int, text.split(":")), 0)[:3]
    return (hours * 60 + minutes) * 60 + seconds


class CredentialKeys(Section):
    """How a peer proves who it is, or how we do. The secret itself is in `secrets_dir`."""

    kind: Literal["password", "hmac"]
    """`password`: Username(553) and Password(554); `hmac`: a signature in RawData(96)."""
    username: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")] | None = None
    """Username(553), with `password` only."""
    secret: Name
    """The file in `secrets_dir`: argon2id hashes of the password that an OMS sends, one a line; the
    password that we send to a venue; or the key of the signature."""
    expires: IsoDate | None = None
    """The last day, UTC, on which an OMS may use it; SessionStatus(1409) 8 afterwards."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.kind == "password") != (self.username is not None):
            raise ValueError("username belongs to kind: password, and to no other")
        return self

    @property
    def expires_ns(self) -> int | None:
        """The end of the last day, UTC nanoseconds."""
        if self.expires is None:
            return None
        end = datetime.combine(date.fromisoformat(self.expires), datetime.min.time(), UTC)
        return int((end + timedelta(days=1)).timestamp()) * 1_000_000_000


class ThrottleKeys(Section):
    """How many messages a peer may send: a bucket that holds so many and fills in the window."""

    messages: int = Field(ge=1, le=1_000_000)
    window_ms: int = Field(default=1_000, ge=1, le=3_600_000)


class SessionKeys(Section):
    """The keys of a FIX session."""

    # --- the version and the names ---
    begin_string: Literal["FIX.4.2", "FIX.4.4", "FIXT.1.1"] = "FIX.4.4"
    default_appl_ver_id: Literal["9"] | None = None
    sender_sub_id: Name | None = None
    sender_location_id: Name | None = None
    target_sub_id: Name | None = None
    target_location_id: Name | None = None
    session_qualifier: Name | None = None

    # --- times ---
    heart_bt_int: int = Field(default=30, ge=1, le=3_600)
    heart_bt_int_max: int = Field(default=3_600, ge=1, le=86_400)
    logon_timeout: Seconds = 10
    logout_timeout: Seconds = 2
    test_request_after: float = Field(default=1.2, gt=1, le=10)
    """Silence, in HeartBtInt(108), after which a TestRequest(1) goes out."""
    heartbeat_timeout_after: float = Field(default=2.4, gt=1, le=20)
    """Silence, in HeartBtInt(108), after which the peer is given up."""
    resend_timeout: Seconds = 10
    check_latency: bool = True
    max_latency: Seconds = 120
    late_clock: Literal["reject", "report"] | None = None
    """Null: `reject` for an OMS, `report` for a venue."""
    timestamp_precision: Literal["s", "ms", "us", "ns"] = "ms"

    # --- numbers ---
    reset_on_logon: bool = False
    reset_on_logout: bool = False
    reset_on_disconnect: bool = False
    reset_seq_higher: Literal["accept", "logout"] = "accept"
    resend_request_chunk_size: int = Field(default=1_000, ge=0, le=100_000)
    """Messages asked for at once; 0 asks for all."""
    send_redundant_resend_requests: bool = False
    enable_next_expected_msg_seq_num: bool = False
    enable_last_msg_seq_num_processed: bool = False

    # --- what is judged, and how strictly ---
    check_comp_id: bool = True
    test_mode: bool = False
    max_message_size: int = Field(default=MAX_MESSAGE_SIZE, ge=4_096, le=1_048_576)
    requires_orig_sending_time: bool = True
    use_data_dictionary: bool = True
    data_dictionary: Path | None = None
    app_data_dictionary: Path | None = None
    transport_data_dictionary: Path | None = None
    dictionary_extension: Path | None = None
    validate_fields_out_of_order: bool = True
    validate_fields_have_values: bool = True
    validate_user_defined_fields: bool = True
    validate_unordered_group_fields: bool = True
    allow_unknown_msg_fields: bool | None = None
    """Null: false for an OMS, true for a venue."""
    reject_invalid_message: bool = True
    strict: bool | None = None
    """False: a fault in an application message's body is a flag on it, no Reject(3). Null: true for
    an OMS, false for a venue."""

    liquidity_flag_tag: int | None = Field(default=None, ge=5_000, le=999_999_999)

    # --- when ---
    start_time: WallTime | None = None
    end_time: WallTime | None = None
    start_day: Day | None = None
    end_day: Day | None = None
    weekdays: tuple[Day, ...] | None = None
    time_zone: TimeZone = "UTC"
    non_stop_session: bool = False
    reset_seq_time: WallTime | None = None
    calendar: Path | None = None

    # --- the connection ---
    credentials: CredentialKeys | None = None
    throttle: ThrottleKeys | None = None
    out_buffer_bytes: int = Field(default=16_777_216, ge=65_536, le=1_073_741_824)
    out_buffer_s: Seconds = 10
    reconnect_interval: Seconds = 1
    reconnect_interval_max: Seconds = 30


def merged(defaults: SessionKeys, own: SessionKeys) -> SessionKeys:
    """The keys that hold for an item: its own where set, null included, else the defaults."""
    given = own.model_fields_set & SessionKeys.model_fields.keys()
    keys = {name: getattr(defaults, name) for name in defaults.model_fields_set}
    return SessionKeys.model_construct(**keys | {name: getattr(own, name) for name in given})


class OmsSession(SessionKeys):
    """An OMS that may log on; a session key set here overrides `fix.defaults`."""

    target_comp_id: Name
    account_required: bool = False
    """Refuse an order without Account(1)."""
    allowed_remote_addresses: tuple[Network, ...] = ()
    """Where it may come from; empty: from nowhere."""
    fingerprints: tuple[Fingerprint, ...] = ()
    """SHA-256 of the certificates that it may show; empty: any that the acceptor's `ca` vouches
    for."""
    on_disconnect: Literal["hold", "cancel_open"] = "hold"
    """What becomes of its open orders when it is gone: they work on, or are taken back."""
    grace_s: Seconds = 10
    """With `cancel_open`: how long it may be gone before."""
    logon_refusal: Literal["silent", "logout"] = "silent"
    """Whether a Logon with wrong credentials, or at the wrong time, is told so."""

    @property
    def networks(self) -> tuple[IpNetwork, ...]:
        """`allowed_remote_addresses` as networks."""
        return tuple(ip_network(each) for each in self.allowed_remote_addresses)


class AcceptorTls(Section):
    """TLS of the acceptor; without it the acceptor speaks plainly."""

    certificate: Path
    """PEM, with its chain."""
    private_key: Path
    """PEM, for its owner's eyes only."""
    ca: Path | None = None
    """Who vouches for peers, PEM; with it every OMS must show a certificate."""


class Acceptor(Section):
    """Where order management systems log on."""

    host: Host = "127.0.0.1"
    port: int = Field(default=9880, ge=0, le=65_535)
    """0 takes any free port; `sluice run --json` says which."""
    sender_comp_id: Name = "SLUICE"
    tls: AcceptorTls | None = None
    sessions: Annotated[tuple[OmsSession, ...], BeforeValidator(items), Field(min_length=1)]


class Fix(Section):
    """FIX: what every session shares, and the OMS side."""

    defaults: SessionKeys = SessionKeys()
    acceptor: Acceptor
