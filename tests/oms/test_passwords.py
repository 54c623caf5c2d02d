"""Passwords reach whom they are for, and nothing that is kept holds one."""

from __future__ import annotations

from pathlib import Path

from tests.oms.desk import Desk

PASSWORD = "correct horse"


def kept(desk: Desk) -> bytes:
    """Every byte of the state folder."""
    storage = desk.storage
    return b"".join(storage.read(name, 0, storage.size(name)) for name in storage.names())


def test_a_venues_password_is_sent_and_not_journaled(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    path = secrets / "lit_a"
    path.write_text(f"{PASSWORD}\n")
    path.chmod(0o600)
    desk = Desk(
        f"secrets_dir={secrets}",
        "venues.LIT_A.credentials.kind=password",
        "venues.LIT_A.credentials.username=sluice",
        "venues.LIT_A.credentials.secret=lit_a",
    )
    nobody = 99
    desk.node.connected("LIT_A", nobody, desk.now)
    [(conn, logon)] = desk.node.take().writes
    assert conn == nobody
    assert b"\x01553=sluice\x01554=correct horse\x01" in logon
    desk.node.closed(nobody, desk.now)
    desk.run()
    desk.a.connect()
    held = kept(desk)
    assert PASSWORD.encode() not in held
    assert b"\x01553=sluice\x01554=*************\x01" in held
    desk.kill()
    desk.boot()
    desk.a.connect()
    assert desk.a.session.logged_on


def test_a_user_request_is_refused_and_its_passwords_are_not_journaled(desk: Desk) -> None:
    desk.oms.say("BE", f"923=1|924=3|553=me|554={PASSWORD}|925={PASSWORD}2")
    [answer] = desk.oms.read()
    assert (answer.msg_type, answer.get("372"), answer.get("380")) == ("j", "BE", "3")
    held = kept(desk)
    assert PASSWORD.encode() not in held
    assert b"\x01554=*************\x01925=**************\x01" in held
