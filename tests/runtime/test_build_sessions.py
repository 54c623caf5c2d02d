"""From session keys to sessions: versions, dictionaries, hours, doors, credentials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from config.layers import SettingsError
from config.settings import DEFAULT_CONFIG, load_settings
from router import build, build_sessions
from router.fix.codec import decode
from router.fix.credentials import LogonRefusal
from router.fix.dictionary import specification
from router.fix.dictionary.quickfix_xml import write_quickfix_xml
from router.fix.schedule import ALWAYS
from router.fix.versions import FIX44, FIX50SP2
from router.runtime.clock import Clock
from router.runtime.dialing import Address, Dial
from router.runtime.links import Link, LinkKind
from router.runtime.tls import TlsSettings
from tests.fix.wire import T0, said
from tests.live.certs import Authority

S = 1_000_000_000
OMS = "fix.acceptor.sessions.OMS"


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * S


def links(*overrides: str) -> dict[str, Link]:
    settings = load_settings(DEFAULT_CONFIG, overrides)
    venues = {each.mic: build.venue(each) for each in settings.venues}
    return {each.name: each for each in build_sessions.links(settings, venues)}


def problems(*overrides: str) -> Sequence[str]:
    with pytest.raises(SettingsError) as caught:
        links(*overrides)
    return caught.value.problems


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder with the hash of hunter2, the password itself, and a key."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    for name, text in (
        ("hash", cheap.hash("hunter2") + "\n"),
        ("password", "hunter2\n"),
        ("key", "k" * 32),
        ("short", "k" * 31),
    ):
        path = folder / name
        path.write_text(text)
        path.chmod(0o600)
    return folder


# --- what the packaged configuration gives -------------------------------------------------------


def test_each_session_has_its_role_its_names_and_its_judge() -> None:
    found = links()
    assert [name for name, each in found.items() if each.kind is LinkKind.OMS] == ["OMS"]
    assert [name for name, each in found.items() if each.kind is LinkKind.ORDERS] == [
        *("LIT_A", "LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2")
    ]
    oms, orders, data = found["OMS"], found["LIT_A"], found["LIT_A.MD"]
    assert (oms.config.role, oms.config.strict, oms.config.durable) == ("acceptor", True, True)
    assert (orders.config.role, orders.config.strict) == ("initiator", False)
    assert (data.config.sender_comp_id, data.config.target_comp_id) == ("SLUICE.MD", "LIT_A")
    assert (data.config.durable, data.config.reset_on_logon) == (False, True)
    assert (orders.config.durable, orders.config.reset_on_logon) == (True, False)
    assert oms.config.validate is not None
    assert not oms.config.validate.rules.allow_unknown_msg_fields
    assert orders.config.validate is not None
    assert orders.config.validate.rules.allow_unknown_msg_fields
    assert data.config.validate is None
    assert oms.schedule.next_change(T0) is None
    assert oms.throttle is None
    assert oms.door.credentials is None
    assert [str(each) for each in oms.door.allowed] == ["127.0.0.1/32", "::1/128"]


@pytest.mark.parametrize(
    ("begin_string", "appl_ver_id", "name"),
    [("FIX.4.2", "", "FIX.4.2"), ("FIX.4.4", "", "FIX.4.4"), ("FIXT.1.1", "9", "FIX.5.0SP2")],
)
def test_three_versions_each_with_its_dictionary(
    begin_string: str, appl_ver_id: str, name: str
) -> None:
    for each in ("OMS", "LIT_A"):
        config = links(f"fix.defaults.begin_string={begin_string}")[each].config
        assert (config.begin_string, config.default_appl_ver_id) == (begin_string, appl_ver_id)
        assert config.validate is not None
        assert config.validate.spec.version.name == name


def test_every_key_of_a_session_reaches_it() -> None:
    config = links(
        f"{OMS}.session_qualifier=q",
        f"{OMS}.sender_sub_id=a",
        f"{OMS}.sender_location_id=b",
        f"{OMS}.target_sub_id=c",
        f"{OMS}.target_location_id=d",
        f"{OMS}.heart_bt_int=11",
        f"{OMS}.heart_bt_int_max=12",
        f"{OMS}.logon_timeout=13",
        f"{OMS}.logout_timeout=14",
        f"{OMS}.test_request_after=1.5",
        f"{OMS}.heartbeat_timeout_after=1.6",
        f"{OMS}.resend_timeout=17",
        f"{OMS}.check_latency=false",
        f"{OMS}.max_latency=18",
        f"{OMS}.late_clock=report",
        f"{OMS}.timestamp_precision=us",
        f"{OMS}.reset_on_logon=true",
        f"{OMS}.reset_on_logout=true",
        f"{OMS}.reset_on_disconnect=true",
        f"{OMS}.reset_seq_higher=logout",
        f"{OMS}.resend_request_chunk_size=19",
        f"{OMS}.send_redundant_resend_requests=true",
        f"{OMS}.enable_next_expected_msg_seq_num=true",
        f"{OMS}.enable_last_msg_seq_num_processed=true",
        f"{OMS}.check_comp_id=false",
        f"{OMS}.test_mode=true",
        f"{OMS}.max_message_size=8192",
        f"{OMS}.requires_orig_sending_time=false",
        f"{OMS}.reject_invalid_message=false",
        f"{OMS}.strict=false",
        f"{OMS}.use_data_dictionary=false",
    )["OMS/q"].config
    assert config.session_id == "OMS/q"
    expected = {
        "sender_sub_id": "a",
        "sender_location_id": "b",
        "target_sub_id": "c",
        "target_location_id": "d",
        "heart_bt_int": 11,
        "heart_bt_int_max": 12,
        "logon_timeout": 13,
        "logout_timeout": 14,
        "test_request_after": 1.5,
        "heartbeat_timeout_after": 1.6,
        "resend_timeout": 17,
        "check_latency": False,
        "max_latency": 18,
        "late_clock": "report",
        "timestamp_precision": 6,
        "reset_on_logon": True,
        "reset_on_logout": True,
        "reset_on_disconnect": True,
        "reset_seq_higher": "logout",
        "resend_request_chunk_size": 19,
        "send_redundant_resend_requests": True,
        "enable_next_expected_msg_seq_num": True,
        "enable_last_msg_seq_num_processed": True,
        "check_comp_id": False,
        "test_mode": True,
        "frame_max": 8192,
        "requires_orig_sending_time": False,
        "reject_invalid_message": False,
        "strict": False,
        "validate": None,
    }
    assert {name: getattr(config, name) for name in expected} == expected


def test_the_rules_of_a_dictionary_are_the_sessions() -> None:
    config = links(
        f"{OMS}.validate_fields_out_of_order=false",
        f"{OMS}.validate_fields_have_values=false",
        f"{OMS}.validate_user_defined_fields=false",
        f"{OMS}.validate_unordered_group_fields=false",
        f"{OMS}.allow_unknown_msg_fields=true",
    )["OMS"].config
    assert config.validate is not None
    rules = config.validate.rules
    assert rules.allow_unknown_msg_fields
    assert not rules.validate_fields_out_of_order
    assert not rules.validate_fields_have_values
    assert not rules.validate_user_defined_fields
    assert not rules.check_group_order


# --- hours ---------------------------------------------------------------------------------------


def test_a_weekly_session_with_a_calendar() -> None:
    calendar = DEFAULT_CONFIG.parent / "calendars" / "xnys.yaml"
    found = links(
        f"{OMS}.start_time=17:00",
        f"{OMS}.end_time=17:00",
        f"{OMS}.start_day=sun",
        f"{OMS}.end_day=fri",
        f"{OMS}.time_zone=America/New_York",
        f"{OMS}.calendar={calendar}",
    )
    schedule = found["OMS"].schedule
    # Thanksgiving 2026 is November 26, from 05:00 to 05:00 UTC; the day after closes at 18:00 UTC.
    assert schedule.is_open(utc("2026-11-26 04:59"))
    assert not schedule.is_open(utc("2026-11-26 05:00"))
    assert schedule.is_open(utc("2026-11-27 05:00"))
    assert schedule.next_change(utc("2026-11-27 05:00")) == utc("2026-11-27 18:00")
    assert schedule.period(utc("2026-11-27 12:00")) == utc("2026-11-22 22:00")
    assert found["LIT_A"].schedule.next_change(T0) is None


def test_a_daily_session_on_weekdays_and_one_that_never_closes() -> None:
    found = links(
        "venues.LIT_A.start_time=08:00:30",
        "venues.LIT_A.end_time=16:30",
        "venues.LIT_A.weekdays=[mon, fri]",
        "venues.LIT_B.reset_seq_time=17:00",
    )
    schedule = found["LIT_A"].schedule
    assert found["LIT_A.MD"].schedule is schedule
    assert schedule.next_change(utc("2026-01-05 00:00")) == utc("2026-01-05 08:00") + 30 * S
    assert schedule.next_change(utc("2026-01-05 17:00")) == utc("2026-01-09 08:00") + 30 * S
    assert found["LIT_B"].schedule.next_change(T0) == utc("2026-01-05 17:00")
    assert ALWAYS.next_change(T0) is None


def test_a_calendar_of_another_time_zone_is_refused_where_it_was_set() -> None:
    calendar = DEFAULT_CONFIG.parent / "calendars" / "xnys.yaml"
    times = (f"{OMS}.start_time=09:00", f"{OMS}.end_time=17:00")
    assert problems(*times, f"{OMS}.calendar={calendar}") == (
        f"--set {OMS}.calendar: fix.acceptor.sessions[0].calendar: "
        "XNYS has the dates of America/New_York; set time_zone to the same",
    )
    [line] = problems(*times, f"{OMS}.calendar={calendar}.none")
    assert line.endswith("xnys.yaml.none: cannot be read: No such file or directory")


# --- throttles and credentials -------------------------------------------------------------------


def test_a_throttle_counts_in_its_window() -> None:
    throttle = links(f"{OMS}.throttle.messages=2", f"{OMS}.throttle.window_ms=500")["OMS"].throttle
    assert throttle is not None
    assert [throttle.take(T0) for _ in range(3)] == [True, True, False]
    assert throttle.take(T0 + S // 4)


def test_an_oms_shows_its_password(secrets: Path) -> None:
    credentials = links(
        f"secrets_dir={secrets}",
        f"{OMS}.credentials.kind=password",
        f"{OMS}.credentials.username=trader",
        f"{OMS}.credentials.secret=hash",
        f"{OMS}.credentials.expires=2026-01-05",
        f"{OMS}.logon_refusal=logout",
    )["OMS"].door.credentials
    assert credentials is not None
    right = said("35=A|34=1|98=0|108=30|553=trader|554=hunter2|")
    wrong = said("35=A|34=1|98=0|108=30|553=trader|554=hunter3|")
    assert credentials.check(right, T0) is None
    assert credentials.check(wrong, T0) == LogonRefusal("credentials not accepted", "5")
    assert credentials.check(right, utc("2026-01-05 23:59")) is None
    assert credentials.check(right, utc("2026-01-06")) == LogonRefusal("credentials expired", "8")


def test_what_we_sign_for_a_venue_an_acceptor_of_the_same_key_takes(secrets: Path) -> None:
    keys = ["credentials.kind=hmac", "credentials.secret=key", "begin_string=FIX.4.2"]
    found = links(
        f"secrets_dir={secrets}",
        *(f"{OMS}.{each}" for each in keys),
        *(f"venues.LIT_A.{each}" for each in keys),
        "venues.LIT_A.target_comp_id=SLUICE",
        "venues.LIT_A.sender_comp_id=OMS",
    )
    fields, credentials = found["LIT_A"].config.logon_fields, found["OMS"].door.credentials
    assert fields is not None
    assert credentials is not None
    body = fields(T0, 1).replace("\x01", "|")
    logon = said(f"35=A|34=1|98=0|108=30|{body}", begin_string="FIX.4.2")
    assert credentials.check(logon, T0) is None


def test_a_market_data_session_has_its_own_credentials_or_those_of_the_orders(
    secrets: Path,
) -> None:
    keys = [
        *(f"secrets_dir={secrets}", "venues.LIT_A.credentials.kind=password"),
        *("venues.LIT_A.credentials.username=a", "venues.LIT_A.credentials.secret=password"),
    ]
    own = [
        *("venues.LIT_A.market_data.credentials.kind=password",),
        *("venues.LIT_A.market_data.credentials.username=b",),
        *("venues.LIT_A.market_data.credentials.secret=password",),
    ]
    for overrides, expected in ((keys, "a"), ([*keys, *own], "b")):
        found = links(*overrides)
        for name, username in (("LIT_A", "a"), ("LIT_A.MD", expected)):
            fields = found[name].config.logon_fields
            assert fields is not None
            assert fields(T0, 1) == f"553={username}\x01554=hunter2\x01"
            assert "hunter2" not in repr(found[name])


@pytest.mark.parametrize(
    ("where", "secret", "told"),
    [
        (OMS, "none", "cannot be read: No such file or directory"),
        (OMS, "password", "secret password: not an argon2id hash; `sluice fix hash` makes one"),
        ("venues.LIT_A", "none", "cannot be read: No such file or directory"),
        ("fix.defaults", "none", "cannot be read: No such file or directory"),
    ],
)
def test_a_secret_that_is_none_is_refused_where_it_was_named(
    secrets: Path, where: str, secret: str, told: str
) -> None:
    lines = problems(
        f"secrets_dir={secrets}",
        f"{where}.credentials.kind=password",
        f"{where}.credentials.username=trader",
        f"{where}.credentials.secret={secret}",
    )
    assert len(lines) == 1
    assert f"--set {where}.credentials." in lines[0]
    assert lines[0].endswith(told)
    assert "hunter2" not in lines[0]


def test_a_key_that_is_too_short_is_refused(secrets: Path) -> None:
    for where in (OMS, "venues.LIT_A"):
        [line] = problems(
            f"secrets_dir={secrets}",
            f"{where}.credentials.kind=hmac",
            f"{where}.credentials.secret=short",
        )
        assert line.endswith("secret short: a signing key of 31 bytes; at least 32 are needed")


# --- where from, where to, and TLS ---------------------------------------------------------------


def test_a_venue_is_dialled_at_each_of_its_addresses(tmp_path: Path) -> None:
    settings = load_settings(
        DEFAULT_CONFIG,
        [
            "venues.LIT_A.connect.1.host=backup",
            "venues.LIT_A.connect.1.port=1",
            "venues.LIT_A.host_selection=round_robin",
            "venues.LIT_A.reconnect_interval=2",
            "venues.LIT_A.reconnect_interval_max=60",
            "venues.LIT_A.market_data.connect.port=2",
            "venues.LIT_A.tls.server_name=fix.example.com",
            f"venues.LIT_A.tls.fingerprints=['{'AB' * 32}']",
        ],
    )
    tls = {
        name: TlsSettings(
            server_name="fix.example.com", fingerprints={name: frozenset({"ab" * 32})}
        )
        for name in ("LIT_A", "LIT_A.MD")
    }
    both = (Address("127.0.0.1", 9890), Address("backup", 1))
    assert build_sessions.dials(settings, {})[:3] == [
        Dial("LIT_A", both, 2.0, 60.0, "round_robin", tls["LIT_A"]),
        Dial("LIT_A.MD", (Address("127.0.0.1", 2),), 2.0, 60.0, "round_robin", tls["LIT_A.MD"]),
        Dial("LIT_B", (Address("127.0.0.1", 9891),), 1.0, 30.0, "priority", None),
    ]
    moved = build_sessions.dials(settings, {"LIT_A": 7})
    assert [each.port for each in moved[0].hosts] == [7, 7]


def test_the_acceptors_certificate_binds_each_oms_to_its_own(tmp_path: Path) -> None:
    assert build_sessions.acceptor_tls(load_settings(DEFAULT_CONFIG)) is None
    made = Authority(tmp_path).issue("sluice")
    settings = load_settings(
        DEFAULT_CONFIG,
        [
            f"fix.acceptor.tls.certificate={made.certificate}",
            f"fix.acceptor.tls.private_key={made.private_key}",
            f"fix.acceptor.tls.ca={tmp_path / 'ca.pem'}",
            f"{OMS}.fingerprints=['{made.fingerprint}']",
        ],
    )
    found = build_sessions.acceptor_tls(settings)
    assert found == TlsSettings(
        made.certificate,
        made.private_key,
        tmp_path / "ca.pem",
        fingerprints={"OMS": frozenset({made.fingerprint})},
    )
    build_sessions.check_tls(settings, Clock().wall())


def test_what_is_wrong_with_certificates_is_told_with_its_place(tmp_path: Path) -> None:
    made = Authority(tmp_path).issue("sluice")
    made.private_key.chmod(0o644)
    settings = load_settings(
        DEFAULT_CONFIG,
        [
            f"fix.acceptor.tls.certificate={made.certificate}",
            f"fix.acceptor.tls.private_key={made.private_key}",
            "venues.LIT_A.tls.ca=none.pem",
        ],
    )
    with pytest.raises(SettingsError) as caught:
        build_sessions.check_tls(settings, Clock().wall())
    first, second = caught.value.problems
    assert "fix.acceptor.tls: tls.private_key: " in first
    assert "venues[0].tls: tls.ca: " in second
    assert "none.pem" in second


def test_the_tag_of_the_liquidity_flag_reaches_the_dialect() -> None:
    found = links("fix.defaults.begin_string=FIX.4.2", "venues.LIT_A.liquidity_flag_tag=9730")
    assert found["LIT_A"].dialect.liquidity_tag == "9730"
    assert found["LIT_B"].dialect.liquidity_tag == ""


def test_the_bounds_of_a_slow_reader_are_its_sessions() -> None:
    found = links(f"{OMS}.out_buffer_bytes=65536", f"{OMS}.out_buffer_s=3")
    assert (found["OMS"].out_buffer_bytes, found["OMS"].out_buffer_s) == (65_536, 3)
    assert (found["LIT_A"].out_buffer_bytes, found["LIT_A"].out_buffer_s) == (16 << 20, 10)


# --- dictionaries from files ---------------------------------------------------------------------

EXTENSION = """\
fields:
  "9730": {name: LiquidityFlag, type: CHAR, values: {A: ADDED, R: REMOVED}}
messages:
  D: {add: [9730]}
"""
ORDER = "35=D|34=2|11=A|55=ACME|54=1|38=100|40=1|60=20260105-14:30:00.000|9730=%s|"


def fault(link: Link, text: str) -> str:
    """SessionRejectReason(373) and RefTagID(371) of a message, or nothing."""
    config = link.config
    assert config.validate is not None
    found = config.validate.validate(decode(said(text, begin_string=config.begin_string)))
    return f"{found.reason} {found.ref_tag}" if found is not None else ""


def test_an_extension_adds_to_the_dictionary_of_one_session(tmp_path: Path) -> None:
    path = tmp_path / "extension.yaml"
    path.write_text(EXTENSION)
    found = links(f"{OMS}.dictionary_extension={path}")
    assert fault(found["OMS"], ORDER % "A") == ""
    assert fault(found["OMS"], ORDER % "X") == "5 9730"
    assert fault(links()["OMS"], ORDER % "A") == "0 9730"


def test_a_quickfix_dictionary_takes_the_place_of_ours(tmp_path: Path) -> None:
    order = specification(FIX44)
    path = tmp_path / "FIX44.xml"
    path.write_text(write_quickfix_xml(order, ["0", "A", "5", "D"]))
    link = links(f"{OMS}.data_dictionary={path}")["OMS"]
    assert fault(link, "35=F|34=2|11=A|41=B|55=ACME|54=1|60=20260105-14:30:00.000|") == "11 35"
    assert fault(link, (ORDER % "A").replace("9730=A|", "")) == ""


def test_fixt_has_two_files_that_are_not_to_be_mixed_up(tmp_path: Path) -> None:
    app, transport = tmp_path / "FIX50SP2.xml", tmp_path / "FIXT11.xml"
    app.write_text(write_quickfix_xml(specification(FIX50SP2), ["D"]))
    transport.write_text(write_quickfix_xml(specification(FIX50SP2), ["0", "A", "5"]))
    version, first = f"{OMS}.begin_string=FIXT.1.1", f"{OMS}.app_data_dictionary"
    second = f"{OMS}.transport_data_dictionary"
    link = links(version, f"{first}={app}", f"{second}={transport}")["OMS"]
    assert fault(link, "35=0|34=2|") == ""
    assert fault(link, "35=F|34=2|11=A|54=1|60=20260105-14:30:00.000|") == "11 35"
    assert fault(link, (ORDER % "A").replace("9730=A|", "")) == ""
    lines = problems(version, f"{first}={transport}", f"{second}={transport}")
    assert lines == (
        f"--set {first}: {first.replace('.OMS', '[0]')}: {transport}: "
        "the dictionary is of FIXT.1.1, allowed: FIX.5.0SP2",
    )
    [line] = problems(version, f"{first}={app}", f"{second}={app}")
    assert line.endswith(f"{app}: the dictionary is of FIX.5.0SP2, allowed: FIXT.1.1")


@pytest.mark.parametrize(
    ("key", "name", "content", "told"),
    [
        ("data_dictionary", "a.xml", None, "a.xml: cannot be read: No such file or directory"),
        ("data_dictionary", "a.xml", "<fix", "a.xml: line 1: "),
        ("dictionary_extension", "a.yaml", None, "a.yaml: cannot be read: No such file"),
        ("dictionary_extension", "a.yaml", "fields: [", "a.yaml:1: not YAML"),
        (
            "dictionary_extension",
            "a.yaml",
            'header: {}\nfields:\n  "9730":\n    type: CHAIR\n    name: X\n',
            "a.yaml:4: fields.9730.type: 'CHAIR', allowed: ",
        ),
        (
            "dictionary_extension",
            "a.yaml",
            "messages:\n  D:\n    add: [9999]\n",
            "a.yaml:2: messages.D: no field 9999: describe it under fields",
        ),
    ],
)
def test_a_dictionary_file_that_is_wrong_says_where(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    name: str,
    content: str | None,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_text(content)
    lines = problems(f"fix.defaults.{key}={name}")
    assert all(line.startswith(f"--set fix.defaults.{key}: fix.defaults.{key}: ") for line in lines)
    assert told in lines[0]
    assert len(lines) == 1, "told once, for however many sessions"
