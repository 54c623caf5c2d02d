"""`sluice fix hash`: from a password on stdin to a line that lets its owner in."""

from __future__ import annotations

import io

import pytest

from router.cli import run
from router.fix.credentials import Credentials, PasswordProof
from tests.fix.wire import T0, said


def test_the_line_that_is_printed_verifies_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\nanother line\n"))
    assert run(["fix", "hash"]) == 0
    out, err = capsys.readouterr()
    assert "correct" not in out + err
    credentials = Credentials(PasswordProof("me", (out.strip(),)))
    logon = said("35=A|34=1|98=0|108=30|553=me|554=correct horse|")
    assert credentials.check(logon, T0) is None


def test_no_password_is_no_hash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert run(["fix", "hash"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "a password is one line of printable latin-1 text" in err


def test_a_password_is_never_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fix", "hash", "hunter2"]) == 4
