"""What `sluice check` finds of FIX sessions: what is allowed and may not be meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.drop_copies import DropCopies, DropCopyIn
from config.fix import AcceptorTls
from config.settings import Settings, load_settings
from router.cli import run, session_findings
from router.model import NS
from router.runtime.certificates import validity
from tests.live.certs import Authority, Files


def findings(capsys: pytest.CaptureFixture[str], *overrides: str) -> list[str]:
    """What `sluice check` finds with these overrides, each without its place."""
    run(["check", "--json", *(each for one in overrides for each in ("--set", one))])
    told = json.loads(capsys.readouterr().out)
    return [each.partition(": ")[2] for each in told["findings"]]


def test_a_session_that_is_open_or_shut_by_mistake_is_a_finding(
    place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    oms = "fix.acceptor.sessions.OMS"
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "lit").write_text("hunter2")
    (secrets / "lit").chmod(0o600)
    assert findings(
        capsys,
        f"{oms}.allowed_remote_addresses=[]",
        f"{oms}.fingerprints=['{'ab' * 32}']",
        "venues.LIT_A.tls.verify=false",
        "venues.LIT_B.connect.host=192.0.2.1",
        f"secrets_dir={secrets}",
        "venues.LIT_B.credentials.kind=password",
        "venues.LIT_B.credentials.username=me",
        "venues.LIT_B.credentials.secret=lit",
    ) == [
        "fix.acceptor.sessions[0].allowed_remote_addresses: "
        "OMS may come from nowhere, so it cannot log on",
        "fix.acceptor.sessions[0].fingerprints: "
        "OMS shows no certificate without fix.acceptor.tls.ca",
        "venues[0].tls.verify: anybody may pretend to be LIT_A; set fingerprints, or verify",
        "venues[1].credentials: the password for LIT_B goes over the network in clear; set tls",
    ]


@pytest.mark.parametrize("key", ["reset_on_logon=true", "reset_seq_time=22:00"])
def test_a_venue_that_may_keep_an_execution_to_itself_is_a_finding(
    place: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    own, silent = f"venues.LIT_B.{key}", "venues.LIT_B.mass_status=none"
    assert findings(capsys, own) == findings(capsys, silent) == []
    assert findings(capsys, own, silent) == [
        f"venues[1].mass_status: LIT_B answers no questions, and by {key.partition('=')[0]} its"
        " numbers begin again: nobody would know what traded while it was away; set H or AF, or"
        " receive its drop copies"
    ]
    settings = load_settings(place / "sluice.yaml", overrides=[own, silent])
    copies = DropCopyIn.model_validate(
        {
            "name": "COPIES",
            "mics": ("LIT_B",),
            "connect": ({"host": "127.0.0.1", "port": 1},),
            "sender_comp_id": "A",
            "target_comp_id": "B",
        }
    )
    received = DropCopies(received=(copies,))
    settings = settings.model_copy(update={"drop_copies": received})
    assert list(session_findings.findings(settings, 0)) == []


COPIES = (
    "drop_copies.given.0.target_comp_id=SPY",
    "drop_copies.received.0.name=BROKER",
    "drop_copies.received.0.mics=LIT_A",
    "drop_copies.received.0.connect.port=1",
    "drop_copies.received.0.sender_comp_id=SLUICE",
    "drop_copies.received.0.target_comp_id=BROKER",
)


def test_sessions_of_copies_are_looked_at_like_others(
    place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given, received = "drop_copies.given.0", "drop_copies.received.0"
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "broker").write_text("hunter2")
    (secrets / "broker").chmod(0o600)
    (place / "old.yaml").write_text("name: OLD\ntime_zone: UTC\nholidays: [{date: 2020-01-01}]\n")
    alone = "neither credentials nor a certificate: its address is all"
    assert findings(
        capsys,
        *COPIES,
        "fix.acceptor.host=0.0.0.0",
        f"{given}.fingerprints=['{'ab' * 32}']",
        *(f"{given}.{key}" for key in ("start_time=08:00", "end_time=17:00")),
        f"{given}.calendar={place / 'old.yaml'}",
        f"{received}.connect.host=192.0.2.1",
        f"secrets_dir={secrets}",
        *(f"{received}.credentials.{key}" for key in ("kind=password", "username=me")),
        f"{received}.credentials.secret=broker",
    )[1:] == [
        f"fix.acceptor.sessions[0].credentials: OMS shows {alone}",
        "drop_copies.given[0].allowed_remote_addresses: "
        "SPY may come from nowhere, so it cannot log on",
        "drop_copies.given[0].fingerprints: SPY shows no certificate without fix.acceptor.tls.ca",
        f"drop_copies.given[0].credentials: SPY shows {alone}",
        "drop_copies.received[0].credentials: "
        "the password for BROKER goes over the network in clear; set tls",
        "drop_copies.given[0].calendar: OLD ends on 2020-01-01: the days after it are trading days",
    ]
    verify = f"{received}.tls.verify=false"
    assert findings(capsys, *COPIES, f"{given}.allowed_remote_addresses=127.0.0.1", verify) == [
        "drop_copies.received[0].tls.verify: "
        "anybody may pretend to be BROKER; set fingerprints, or verify"
    ]


def test_a_calendar_that_is_about_to_end_is_a_finding(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "name: OLD\ntime_zone: UTC\nholidays: [{date: 2020-01-01}]\n"
    (place / "old.yaml").write_text(text)
    assert findings(
        capsys,
        *("venues.LIT_A.start_time=08:00", "venues.LIT_A.end_time=17:00"),
        f"venues.LIT_A.calendar={place / 'old.yaml'}",
    ) == ["venues[0].calendar: OLD ends on 2020-01-01: the days after it are trading days"]


def shows(place: Path, own: Files) -> Settings:
    """The settings with an acceptor that has this certificate."""
    tls = AcceptorTls(certificate=own.certificate, private_key=own.private_key)
    settings = load_settings(place / "sluice.yaml")
    acceptor = settings.fix.acceptor.model_copy(update={"tls": tls})
    fix = settings.fix.model_copy(update={"acceptor": acceptor})
    return settings.model_copy(update={"fix": fix})


def test_a_certificate_that_is_about_to_expire_is_a_finding(place: Path) -> None:
    made = Authority(place).issue("lit")
    _, end = validity(made.der)
    settings = shows(place, made)
    day = datetime.fromtimestamp(end // NS, UTC).date()
    month = 30 * 86_400 * NS
    assert list(session_findings.findings(settings, end - month)) == []
    [told] = session_findings.findings(settings, end - month + 1)
    assert told.endswith(
        f"fix.acceptor.tls.certificate: {made.certificate} expires on {day}: renew it"
    )


def test_an_expired_certificate_behind_our_own_is_a_finding(place: Path) -> None:
    ca = Authority(place)
    made, old = ca.issue("lit"), ca.issue("old", expired=True)
    _, end = validity(made.der)
    with made.certificate.open("ab") as chain:
        chain.write(old.certificate.read_bytes())
    [told] = session_findings.findings(shows(place, made), end - 40 * 86_400 * NS)
    assert told.endswith(
        f"fix.acceptor.tls.certificate: {made.certificate} holds another certificate, which expires"
        " on 2020-01-01: renew it, or leave it out if no peer needs it"
    )
