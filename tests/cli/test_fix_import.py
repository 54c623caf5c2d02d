"""QuickFIX session files under our names: what becomes of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.documents import loads
from config.fix import SessionKeys
from config.quickfix import convert
from config.quickfix_keys import ITEM, ONLY, SESSION
from config.settings import Settings, load_settings
from config.venues import VenueSettings
from router.cli import run
from router.cli.fix_import import yaml_text

ACCEPTOR = """\
# an acceptor for two OMSs
[DEFAULT]
ConnectionType=acceptor
SocketAcceptPort=5001
SenderCompID=BROKER
BeginString=FIX.4.4
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt=20
DataDictionary=FIX44.xml
FileStorePath=store
FileLogPath=log

[SESSION]
TargetCompID=ALPHA
AllowedRemoteAddresses=10.0.0.1,10.1.0.0/16
ResetOnLogon=Y

[SESSION]
TargetCompID=BETA
AllowedRemoteAddresses=10.0.0.2
StartTime=17:00:00
EndTime=17:00:00
StartDay=Sunday
EndDay=Friday
TimeZone=America/New_York
SendNextExpectedMsgSeqNum=Y
TimestampPrecision=6
TestRequestDelayMultiplier=0.5
"""
INITIATOR = """\
[DEFAULT]
ConnectionType=initiator
SenderCompID=SLUICE
ReconnectInterval=60
HostSelectionPolicy=ROUND_ROBIN

[SESSION]
BeginString=FIXT.1.1
DefaultApplVerID=FIX.5.0SP2
TargetCompID=XLIT
SocketConnectHost1=b.example.com
SocketConnectPort1=7002
SocketConnectHost=a.example.com
SocketConnectPort=7001
SocketUseSSL=Y
SocketCAFile=ca.pem
SocketServerName=fix.example.com
SocketInsecureSkipVerify=N
Weekdays=Mon,Tue,Wed,Thu,Fri
StartTime=08:00:00
EndTime=17:00:00
"""


def loaded(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Settings:
    """What the command prints, with the rest of a configuration around it, read by our reader."""
    source = tmp_path / "quickfix.cfg"
    source.write_text(text)
    assert run(["fix", "import", str(source)]) == 0
    out = capsys.readouterr().out
    rest = "shard: A\ninstruments: i.yaml\npolicies: [p.yaml]\n"
    if "venues:" not in out:
        rest += (
            "venues: [{mic: V, type: lit, connect: {port: 1}, sender_comp_id: S, "
            "target_comp_id: V, tactics: [lit_take]}]\n"
        )
    if "sessions:" not in out:
        out = out.replace("fix:\n", "fix:\n  acceptor: {sessions: [{target_comp_id: O}]}\n")
    target = tmp_path / "sluice.yaml"
    target.write_text(rest + out)
    return load_settings(target)


def problems(text: str) -> list[str]:
    found = convert(text, "q.cfg").problems
    assert found
    return found


def test_an_acceptors_file_gives_the_acceptor_and_its_sessions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = loaded(ACCEPTOR, tmp_path, capsys)
    acceptor = settings.fix.acceptor
    assert (acceptor.port, acceptor.sender_comp_id) == (5001, "BROKER")
    assert [each.target_comp_id for each in acceptor.sessions] == ["ALPHA", "BETA"]
    alpha, beta = (settings.session_keys(each) for each in acceptor.sessions)
    assert [str(each) for each in acceptor.sessions[0].networks] == ["10.0.0.1/32", "10.1.0.0/16"]
    assert (alpha.heart_bt_int, alpha.reset_on_logon, alpha.start_day) == (20, True, None)
    assert (alpha.start_time, alpha.end_time) == ("00:00:00", "00:00:00")
    assert alpha.data_dictionary == tmp_path / "FIX44.xml"
    assert (beta.start_day, beta.end_day, beta.time_zone) == ("sun", "fri", "America/New_York")
    assert beta.start_time == "17:00:00"
    assert beta.enable_next_expected_msg_seq_num
    assert beta.timestamp_precision == "us"
    assert beta.test_request_after == 1.5
    assert settings.fix.defaults.heart_bt_int == 20


def test_an_initiators_file_gives_venues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = loaded(INITIATOR, tmp_path, capsys)
    [venue] = settings.venues
    assert (venue.mic, venue.sender_comp_id, venue.target_comp_id) == ("XLIT", "SLUICE", "XLIT")
    assert [(each.host, each.port) for each in venue.connect] == [
        ("a.example.com", 7001),
        ("b.example.com", 7002),
    ]
    assert venue.host_selection == "round_robin"
    assert venue.tls is not None
    assert venue.tls.ca == tmp_path / "ca.pem"
    assert (venue.tls.server_name, venue.tls.verify) == ("fix.example.com", True)
    keys = settings.session_keys(venue)
    assert keys.begin_string == "FIXT.1.1"
    assert keys.weekdays == ("mon", "tue", "wed", "thu", "fri")
    assert (keys.reconnect_interval, keys.reconnect_interval_max) == (60, 60)


def test_both_kinds_may_stand_in_one_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions = INITIATOR.partition("[SESSION]")[2]
    both = f"{ACCEPTOR}\n[SESSION]\nConnectionType=initiator\n{sessions}"
    both = both.replace("DataDictionary=FIX44.xml\n", "")
    settings = loaded(both, tmp_path, capsys)
    assert [each.target_comp_id for each in settings.fix.acceptor.sessions] == ["ALPHA", "BETA"]
    assert [each.mic for each in settings.venues] == ["XLIT"]


def test_what_was_left_out_and_what_is_to_be_set_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "q.cfg"
    source.write_text(ACCEPTOR.replace("AllowedRemoteAddresses=10.0.0.2\n", ""))
    assert run(["fix", "import", str(source)]) == 0
    err = capsys.readouterr().err
    assert "q.cfg:11: FileStorePath: left out; the journal keeps what passes" in err
    assert "q.cfg:20: allowed_remote_addresses is empty: nobody can log on" in err
    source.write_text(INITIATOR)
    assert run(["fix", "import", str(source)]) == 0
    assert "q.cfg:8: XLIT: mic, type, tactics and fees are not known here: set them" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("HeartBtInts=5", "q.cfg:17: unknown key 'HeartBtInts', did you mean 'HeartBtInt'?"),
        ("HeartBtInt=x", "q.cfg:17: HeartBtInt: not a whole number"),
        ("HeartBtInt=0", "q.cfg:17: fix.acceptor.sessions[0].heart_bt_int: input should be"),
        ("ResetOnLogout=maybe", "q.cfg:17: ResetOnLogout: neither yes nor no; allowed: Y or N"),
        ("TimestampPrecision=4", "q.cfg:17: TimestampPrecision: no such precision; allowed: 0, 3"),
        ("StartDay=Someday", "q.cfg:17: StartDay: not a day; allowed: Monday, Mon"),
        ("StartDay=Monday", "q.cfg:17: start_day: goes with end_day: set both or neither"),
        ("EndTime=9:00", "q.cfg:17: fix.acceptor.sessions[0].end_time: string should match"),
        ("EndTime=09:00:00 UTC", "q.cfg:17: EndTime: a time zone behind the time; set TimeZone"),
        ("BeginString=FIX.4.3", "q.cfg:17: fix.acceptor.sessions[0].begin_string: input should"),
        ("PersistMessages=N", "q.cfg:17: PersistMessages: what was sent is always kept"),
        ("RefreshOnLogon=Y", "q.cfg:17: RefreshOnLogon: no other process may change"),
        ("UseLocalTime=Y", "q.cfg:17: UseLocalTime: set TimeZone to an IANA name instead"),
        ("DefaultApplVerID=8", "q.cfg:17: DefaultApplVerID: FIX.5.0SP2 is the one"),
        ("ProxyHost=p", "q.cfg:17: ProxyHost: there is no way through a proxy"),
        ("SocketKeyStore=k.jks", "q.cfg:17: SocketKeyStore: a Java key store; write PEM files"),
        ("SocketAcceptPort=6", "q.cfg:18: port: not the one of the sessions above"),
        ("nonsense", "q.cfg:17: neither a section nor a key; allowed: [DEFAULT], [SESSION]"),
        ("ResetOnLogon=N", "q.cfg:17: duplicate key 'ResetOnLogon', first on line 17"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_with_its_line(line: str, told: str) -> None:
    text = ACCEPTOR.replace("ResetOnLogon=Y", line)
    if "duplicate" in told:
        text, told = (
            ACCEPTOR.replace("ResetOnLogon=Y", f"ResetOnLogon=Y\n{line}"),
            told.replace("q.cfg:17", "q.cfg:18"),
        )
    if line.startswith("SocketAcceptPort"):
        text = ACCEPTOR.replace("TargetCompID=BETA", f"{line}\nTargetCompID=BETA")
        told = told.replace("18", "20")
    assert any(each.startswith(told) for each in problems(text)), problems(text)


@pytest.mark.parametrize(
    "line",
    [
        "Password=hunter2",
        "SocketKeyStorePassword=hunter2",
        "Username=hunter2",
        "LogonTag=554=hunter2",
        "RawData=hunter2",
        "ProxyPassword=hunter2",
    ],
)
def test_a_secret_is_refused_and_not_repeated(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "q.cfg"
    source.write_text(ACCEPTOR.replace("ResetOnLogon=Y", line))
    assert run(["fix", "import", "--skip-unknown", str(source)]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    key = line.partition("=")[0]
    assert f"q.cfg:17: {key}: no secret stands in a session file; set credentials" in err
    assert "hunter2" not in err


def test_unknown_keys_can_be_left_out_and_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "q.cfg"
    source.write_text(ACCEPTOR.replace("ResetOnLogon=Y", "OurOwnKey=1"))
    assert run(["fix", "import", str(source)]) == 4
    assert "q.cfg:17: unknown key 'OurOwnKey'" in capsys.readouterr().err
    assert run(["fix", "import", "--skip-unknown", str(source)]) == 0
    out, err = capsys.readouterr()
    assert "q.cfg:17: unknown key 'OurOwnKey'; left out" in err
    assert "OurOwnKey" not in out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "q.cfg:1: no [SESSION]"),
        ("[DEFAULT]\nHeartBtInt=5\n", "q.cfg:1: no [SESSION]"),
        ("HeartBtInt=5\n[SESSION]\n", "q.cfg:1: neither a section nor a key"),
        ("[SESSION]\nTargetCompID=X\n", "q.cfg:2: ConnectionType: required; allowed: acceptor"),
        ("[SESSION]\nConnectionType=both\n", "q.cfg:2: ConnectionType: required"),
        (
            "[SESSION]\nConnectionType=acceptor\n",
            "q.cfg:2: fix.acceptor.sessions[0].target_comp_id",
        ),
        (
            "[SESSION]\nConnectionType=initiator\nTargetCompID=X\nSenderCompID=Y\n",
            "q.cfg:2: venues[0].connect: ",
        ),
        (
            "[SESSION]\nConnectionType=initiator\nTargetCompID=X\nSenderCompID=Y\n"
            "SocketConnectHost=h\nSocketConnectPort=http\n",
            "q.cfg:6: venues[0].connect[0].port: ",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(text: str, told: str) -> None:
    assert any(each.startswith(told) for each in problems(text)), problems(text)


def test_every_alias_leads_to_a_key_that_there_is() -> None:
    assert {name for name, _ in SESSION.values()} <= SessionKeys.model_fields.keys()
    outer = {name.partition(".")[0] for name, _ in ITEM.values()} - {"host", "port"}
    assert outer <= VenueSettings.model_fields.keys() | {"allowed_remote_addresses"}


keys = st.sampled_from([*SESSION, *ITEM, *ONLY, "SocketConnectHost1", "SocketConnectPort1"])
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["Y", "N", "0", "1", "-1", "NaN", "1e400", "9" * 400, "FIX.4.2", "FIXT.1.1", "08:00", "Mon"]
)
lines = st.lists(st.tuples(keys, values).map("=".join), max_size=12)


@given(st.lists(st.tuples(st.sampled_from(["acceptor", "initiator", ""]), lines), max_size=4))
def test_any_file_is_taken_over_or_refused(sections: list[tuple[str, list[str]]]) -> None:
    text = "[DEFAULT]\n" + "\n".join(
        "\n".join(["[SESSION]", f"ConnectionType={kind}", *rest]) for kind, rest in sections
    )
    found = convert(text, "q.cfg", skip_unknown=True)
    assert all(each.startswith("q.cfg:") for each in (*found.problems, *found.notes))
    if not found.problems:
        assert loads(yaml_text(found.data), "out").data == found.data


@given(st.text(max_size=200))
def test_any_text_is_taken_over_or_refused(text: str) -> None:
    convert(text, "q.cfg")
