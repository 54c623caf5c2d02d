"""The keys of FIX sessions: what each may be, which go together, and who is blamed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from config.fix import wall_seconds
from config.settings import DEFAULT_CONFIG, Settings, SettingsError, load_settings
from config.venues import Address

FILE = """\
shard: A
fix:
  defaults:
    heart_bt_int: 20
  acceptor:
    sessions:
      - target_comp_id: OMS
      - target_comp_id: DESK
        begin_string: FIX.4.2
venues:
  - mic: LIT_A
    type: lit
    connect: [{port: 9890}, {host: backup, port: 9891}]
    sender_comp_id: SLUICE
    target_comp_id: LIT_A
    tactics: [lit_take]
instruments: instruments.yaml
policies: [policies/default.yaml]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "sluice.yaml"
    path.write_text(FILE)
    return path


def problems(path: Path, *overrides: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(path, overrides)
    return caught.value.problems


# --- single keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("begin_string=FIX.4.3", "nput should be 'FIX.4.2', 'FIX.4.4' or 'FIXT.1.1'"),
        ("start_time=25:00", "string should match pattern"),
        ("start_day=Sunday", "nput should be 'mon', 'tue'"),
        ("weekdays=[mon, monday]", "nput should be 'mon', 'tue'"),
        (
            "time_zone=Europe/Nowhere",
            "no such time zone; allowed: IANA names, such as America/New_York",
        ),
        ("time_zone=../etc/passwd", "no such time zone"),
        ("max_message_size=100", "greater than or equal to 4096"),
        ("throttle.messages=0", "greater than or equal to 1"),
        ("late_clock=ignore", "nput should be 'reject' or 'report'"),
        ("hart_bt_int=5", "unknown key 'hart_bt_int', did you mean 'heart_bt_int'?"),
        ("resset_on_logon=true", "did you mean 'reset_on_logon'?"),
    ],
)
@pytest.mark.parametrize("where", ["fix.defaults", "fix.acceptor.sessions.OMS", "venues.LIT_A"])
def test_a_key_that_cannot_be_is_refused_wherever_it_stands(
    file: Path, where: str, override: str, told: str
) -> None:
    lines = problems(file, f"{where}.{override}")
    assert any(told in line for line in lines), lines
    assert all(line.startswith(f"--set {where}.") for line in lines)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("allowed_remote_addresses=[localhost]", "allowed: 192.0.2.7, 192.0.2.0/24"),
        ("allowed_remote_addresses=[10.0.0.1/8]", "10.0.0.1/8 has host bits set"),
        ("fingerprints=[abcd]", "not a SHA-256; allowed: 64 hexadecimal digits"),
        ("logon_refusal=loud", "nput should be 'silent' or 'logout'"),
        ("credentials={kind: password}", "name the key inside it that is meant"),
        ("credentials.kind=password", "credentials.secret: required, but not given"),
    ],
)
def test_the_keys_of_a_door_are_checked(file: Path, override: str, told: str) -> None:
    lines = problems(file, f"fix.acceptor.sessions.OMS.{override}")
    assert any(told in line for line in lines), lines


def test_networks_and_fingerprints_are_read_as_they_are_written(file: Path) -> None:
    digits = "AB:" * 31 + "AB"
    settings = load_settings(
        file,
        [
            "fix.acceptor.sessions.OMS.allowed_remote_addresses=[127.0.0.1, 10.0.0.0/8]",
            f"fix.acceptor.sessions.OMS.fingerprints=['{digits}']",
        ],
    )
    [oms, desk] = settings.fix.acceptor.sessions
    assert [str(each) for each in oms.networks] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert oms.fingerprints == ("ab" * 32,)
    assert desk.networks == (), "nobody"


def test_wall_times_are_seconds_of_the_day() -> None:
    assert wall_seconds("00:00") == 0
    assert wall_seconds("17:00") == 61_200
    assert wall_seconds("23:59:59") == 86_399


# --- the keys that hold --------------------------------------------------------------------------


def test_an_items_own_key_holds_before_the_defaults_even_if_it_is_null(file: Path) -> None:
    settings = load_settings(
        file,
        [
            "fix.defaults.throttle.messages=5",
            "fix.acceptor.sessions.DESK.throttle=null",
            "venues.LIT_A.heart_bt_int=7",
        ],
    )
    [oms, desk] = [settings.session_keys(each) for each in settings.fix.acceptor.sessions]
    venue = settings.session_keys(settings.venues[0])
    assert (oms.heart_bt_int, desk.heart_bt_int, venue.heart_bt_int) == (20, 20, 7)
    assert oms.throttle is not None
    assert (oms.throttle.messages, oms.throttle.window_ms) == (5, 1_000)
    assert desk.throttle is None
    assert (oms.begin_string, desk.begin_string) == ("FIX.4.4", "FIX.4.2")


def test_one_address_or_a_list_of_them(file: Path) -> None:
    [venue] = load_settings(file).venues
    assert venue.connect == (Address(port=9890), Address(host="backup", port=9891))
    file.write_text(FILE.replace("[{port: 9890}, {host: backup, port: 9891}]", "{port: 9890}"))
    settings = load_settings(file)
    assert settings.venues[0].connect == (Address(port=9890),)
    shown = {key: by for key, _, by in settings.effective() if ".connect." in key}
    assert shown == {
        "venues.LIT_A.connect.host": "default",
        "venues.LIT_A.connect.port": f"{file.name}:13",
    }


def test_an_address_of_several_is_meant_by_its_position_and_the_first_without(file: Path) -> None:
    settings = load_settings(file, ["venues.LIT_A.connect.1.port=1", "venues.LIT_A.connect.port=2"])
    assert [each.port for each in settings.venues[0].connect] == [2, 1]
    assert [key for key, _, _ in settings.effective() if key.endswith("port")][-2:] == [
        "venues.LIT_A.connect.0.port",
        "venues.LIT_A.connect.1.port",
    ]


def test_a_key_of_an_address_that_does_not_exist_is_refused(file: Path) -> None:
    file.write_text(FILE.replace("{port: 9890}, ", "{prt: 9890}, "))
    assert problems(file)[0].startswith(
        "sluice.yaml:13: venues[0].connect[0]: unknown key 'prt', did you mean 'port'?"
    )


# --- keys that are wrong together ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            ["default_appl_ver_id=9"],
            "default_appl_ver_id: is for FIXT.1.1 only, and begin_string is FIX.4.4",
        ),
        (
            ["begin_string=FIX.4.2", "enable_next_expected_msg_seq_num=true"],
            "enable_next_expected_msg_seq_num: FIX.4.2 has no NextExpectedMsgSeqNum(789)",
        ),
        (
            ["test_mode=true", "begin_string=FIX.4.2"],
            "test_mode: FIX.4.2 has no TestMessageIndicator(464)",
        ),
        (["liquidity_flag_tag=9730"], "liquidity_flag_tag: FIX.4.4 has LastLiquidityInd(851)"),
        (["test_request_after=2", "heartbeat_timeout_after=2"], "must be longer than"),
        (["heart_bt_int=30", "heart_bt_int_max=29"], "must be at least heart_bt_int, 30; it is 29"),
        (
            ["reconnect_interval=60"],
            "reconnect_interval_max: must be at least reconnect_interval, 60; it is 30",
        ),
        (["start_time=08:00"], "start_time: goes with end_time: set both or neither"),
        (["end_time=08:00"], "end_time: goes with start_time: set both or neither"),
        (
            ["start_time=08:00", "end_time=17:00", "start_day=mon"],
            "start_day: goes with end_day: set both or neither",
        ),
        (
            ["start_day=mon", "end_day=fri"],
            "start_day: means nothing without start_time and end_time",
        ),
        (["weekdays=[mon]"], "weekdays: means nothing without start_time and end_time"),
        (["calendar=x.yaml"], "calendar: means nothing without start_time and end_time"),
        (
            ["start_time=08:00", "end_time=17:00", "weekdays=[]"],
            "weekdays: names no day: the session would never open",
        ),
        (
            [
                *("start_time=08:00", "end_time=17:00", "weekdays=[mon]"),
                *("start_day=mon", "end_day=fri"),
            ],
            "weekdays: are days of daily sessions, and start_day is weekly",
        ),
        (
            ["non_stop_session=true", "start_time=08:00", "end_time=17:00"],
            "non_stop_session: never closes, and start_time, end_time say when",
        ),
        (
            ["reset_seq_time=17:00", "start_time=08:00", "end_time=17:00"],
            "reset_seq_time: is for sessions that never close; start_time begins anew by itself",
        ),
        (["app_data_dictionary=a.xml"], "app_data_dictionary: FIX.4.4 has data_dictionary alone"),
        (
            ["begin_string=FIXT.1.1", "data_dictionary=a.xml"],
            "data_dictionary: FIXT.1.1 has app_ and transport_data_dictionary",
        ),
        (
            ["begin_string=FIXT.1.1", "app_data_dictionary=a.xml"],
            "app_data_dictionary: goes with transport_data_dictionary: set both or neither",
        ),
        (
            ["use_data_dictionary=false", "data_dictionary=a.xml"],
            "data_dictionary: is not used while use_data_dictionary is false",
        ),
        (
            ["use_data_dictionary=false", "dictionary_extension=a.yaml"],
            "dictionary_extension: is not used while use_data_dictionary is false",
        ),
        (
            [
                *("begin_string=FIX.4.2", "credentials.kind=password"),
                *("credentials.username=me", "credentials.secret=s"),
            ],
            "credentials: FIX.4.2 has no Username(553) and Password(554); allowed: kind: hmac",
        ),
        (
            ["credentials.kind=hmac", "credentials.username=me", "credentials.secret=s"],
            "credentials: username belongs to kind: password, and to no other",
        ),
        (
            ["credentials.kind=password", "credentials.secret=s"],
            "credentials: username belongs to kind: password, and to no other",
        ),
    ],
)
@pytest.mark.parametrize("where", ["fix.defaults", "fix.acceptor.sessions.OMS", "venues.LIT_A"])
def test_wrong_combinations_are_refused(
    file: Path, where: str, keys: Sequence[str], told: str
) -> None:
    if where == "fix.defaults":
        file.write_text(FILE.replace("        begin_string: FIX.4.2\n", ""))
    lines = problems(file, *(f"{where}.{each}" for each in keys))
    assert any(told in line for line in lines), lines
    assert all(line.startswith(f"--set {where}.") or "with --set" in line for line in lines)


def test_what_an_item_lacks_it_takes_from_the_defaults(file: Path) -> None:
    load_settings(
        file,
        [
            "fix.defaults.start_time=08:00",
            "fix.defaults.end_time=17:00",
            "fix.defaults.start_day=mon",
            "fix.defaults.end_day=fri",
            "venues.LIT_A.end_day=thu",
            "fix.acceptor.sessions.OMS.start_time=07:00",
        ],
    )


def test_the_place_that_is_blamed_is_the_one_that_made_it_wrong(file: Path) -> None:
    file.write_text(FILE.replace("heart_bt_int: 20", "enable_next_expected_msg_seq_num: true"))
    assert problems(file) == (
        "sluice.yaml:9: fix.acceptor.sessions[1].begin_string: enable_next_expected_msg_seq_num: "
        "FIX.4.2 has no NextExpectedMsgSeqNum(789) (session DESK)",
    )


def test_a_fault_of_the_defaults_is_told_once(file: Path) -> None:
    assert problems(file, "fix.defaults.weekdays=[mon]") == (
        "--set fix.defaults.weekdays: fix.defaults.weekdays: "
        "means nothing without start_time and end_time",
    )


def test_what_is_for_an_oms_only_is_refused_at_a_venue(file: Path) -> None:
    [line] = problems(file, "venues.LIT_A.throttle.messages=1")
    assert line.endswith("is for what an OMS sends; to a venue, limits.venue_rate holds")
    [line] = problems(
        file,
        "venues.LIT_A.credentials.kind=hmac",
        "venues.LIT_A.credentials.secret=s",
        "venues.LIT_A.credentials.expires=2026-12-31",
    )
    assert line.endswith("expires: only an acceptor can refuse what has expired (session LIT_A)")


def test_a_rate_is_for_a_venue_that_there_is(file: Path) -> None:
    [line] = problems(file, "limits.venue_rate.by_venue={LIT_A: 5, LIT_X: 5}")
    assert line.endswith("no venue 'LIT_X'; allowed: LIT_A")


def test_two_sessions_that_nobody_could_tell_apart_are_refused(file: Path) -> None:
    [line] = problems(
        file, "venues.LIT_A.mic=OMS", "fix.acceptor.sessions.DESK.session_qualifier=q"
    )
    assert "two sessions are called OMS; the other is fix.acceptor.sessions[0]" in line
    lines = problems(
        file,
        "fix.acceptor.sessions.1.target_comp_id=OMS",
        "fix.acceptor.sessions.1.begin_string=FIX.4.4",
        "fix.acceptor.sessions.1.session_qualifier=q",
    )
    assert [line.partition(": ")[2] for line in lines] == [
        "fix.acceptor.sessions[1]: OMS/q and OMS would log on alike: FIX.4.4, OMS"
    ]
    # The version tells them apart on the wire, and the qualifier here.
    load_settings(
        file,
        [
            "fix.acceptor.sessions.1.target_comp_id=OMS",
            "fix.acceptor.sessions.1.session_qualifier=q",
        ],
    )


# --- secrets -------------------------------------------------------------------------------------


def test_the_folder_of_secrets_is_the_one_that_is_set_or_systemds(file: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": "cred"}
    assert load_settings(file).secrets_folder is None
    assert load_settings(file, environ=environ).secrets_folder == Path("cred")
    settings = load_settings(file, ["secrets_dir=mine"], environ)
    assert settings.secrets_folder == Path("mine").absolute()


def test_no_secret_is_shown_or_digested(file: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    overrides = [
        f"secrets_dir={secrets}",
        "venues.LIT_A.credentials.kind=password",
        "venues.LIT_A.credentials.username=sluice",
        "venues.LIT_A.credentials.secret=lit_a",
    ]
    before = load_settings(file, overrides)
    (secrets / "lit_a").write_text("hunter2\n")
    after = load_settings(file, overrides)
    assert after.digest() == before.digest()
    for text in (repr(after), str(after.effective())):
        assert "hunter2" not in text
        assert "lit_a" in text


def test_the_packaged_configuration_lets_this_machine_log_on() -> None:
    settings: Settings = load_settings(DEFAULT_CONFIG)
    [oms] = settings.fix.acceptor.sessions
    assert [str(each) for each in oms.networks] == ["127.0.0.1/32", "::1/128"]
