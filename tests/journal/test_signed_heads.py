"""Heads that are signed: by whom they were published, wherever they are kept."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from config.layers import SettingsError
from config.settings import load_settings
from router import build_heads
from router.cli import run
from router.journal.heads import Published, read_heads
from router.journal.memory import MemoryStorage
from router.journal.signing import Signer, Verifier
from router.messages import Restarted, Step
from router.runtime.heads import HeadKeeper
from tests.cli.market_day import write_journal
from tests.journal.faulty_storage import append_batch, open_journal

NS = 1_000_000_000
T = 1_767_614_400 * NS
"""2026-01-05 12:00:00 UTC."""
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
"""The private key of RFC 8032, 7.1, TEST 1."""
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
"""And its public key."""
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
HEAD = Published("2026-01-05T12:00:00Z", 7, "ab" * 32)
TEXT = b"sluice head 2026-01-05T12:00:00Z 7 " + b"ab" * 32


def private(key: Ed25519PrivateKey | X25519PrivateKey = KEY) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public(key: Ed25519PrivateKey = KEY) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(head: Published, key: Ed25519PrivateKey = KEY, text: bytes = TEXT) -> Published:
    """A head with a key's signature under a text."""
    signature = base64.b64encode(key.sign(text)).decode()
    return Published(head.time, head.seq, head.head, signature)


def test_what_is_signed_is_what_the_line_says() -> None:
    raw = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert raw.hex() == PUBLIC
    KEY.public_key().verify(base64.b64decode(Signer(private())(HEAD)), TEXT)
    assert Verifier(public())(signed(HEAD))


@pytest.mark.parametrize(
    "head",
    [
        Published("2026-01-05T12:00:01Z", 7, "ab" * 32, signed(HEAD).signature),
        Published(HEAD.time, 8, "ab" * 32, signed(HEAD).signature),
        Published(HEAD.time, 7, "ab" * 31 + "ac", signed(HEAD).signature),
        signed(HEAD, Ed25519PrivateKey.generate()),
        Published(HEAD.time, 7, "ab" * 32),
        Published(HEAD.time, 7, "ab" * 32, "no base64"),
    ],
)
def test_another_head_or_key_is_not_verified(head: Published) -> None:
    assert not Verifier(public())(head)


@pytest.mark.parametrize(
    "pem", [b"", b"secret words", public(), private(X25519PrivateKey.generate())]
)
def test_a_key_of_another_kind_is_refused_and_not_shown(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"^no Ed25519 private key in PEM .*make one: ") as found:
        Signer(pem)
    assert "secret words" not in str(found.value)
    with pytest.raises(ValueError, match=r"^no Ed25519 public key in PEM; "):
        Verifier(private())


def test_each_head_that_is_published_is_signed(tmp_path: Path) -> None:
    journal, _ = open_journal(MemoryStorage())
    keeper = HeadKeeper(tmp_path / "heads", journal, lambda: T, Signer(private()))
    for seq in (1, 2):
        append_batch(journal, [seq])
        keeper.publish()
    lines = (tmp_path / "heads").read_text().splitlines(keepends=True)
    heads = read_heads(lines, "heads")
    assert [each.seq for each in heads] == [1, 2]
    assert all(map(Verifier(public()), heads))


# -- the configuration ---------------------------------------------------------------------------


def settings_with(folder: Path, content: bytes, mode: int = 0o600) -> list[str]:
    """Overrides that name a secret of this content."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "heads").write_bytes(content)
    (secrets / "heads").chmod(mode)
    return [f"secrets_dir={secrets}", f"journal.heads={folder / 'log'}", "journal.heads_key=heads"]


def test_the_key_is_a_secret(tmp_path: Path) -> None:
    signer = build_heads.signer(load_settings(overrides=settings_with(tmp_path, private())))
    assert signer is not None
    assert Verifier(public())(Published(HEAD.time, 7, HEAD.head, signer(HEAD)))
    assert build_heads.signer(load_settings()) is None


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (private(), 0o640, "others may read it; allowed: chmod 600"),
        (b"a word", 0o600, "secret heads: no Ed25519 private key"),
        (b"", 0o600, "empty"),
    ],
)
def test_a_key_that_is_none_does_not_start(
    tmp_path: Path, content: bytes, mode: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = settings_with(tmp_path, content, mode)
    with pytest.raises(SettingsError, match=told):
        build_heads.signer(load_settings(overrides=overrides))
    sets = [part for each in overrides for part in ("--set", each)]
    assert run(["check", *sets]) == 4
    err = capsys.readouterr().err
    assert "journal.heads_key" in err
    assert "a word" not in err


def test_a_key_without_a_place_is_refused() -> None:
    with pytest.raises(SettingsError, match="heads_key signs what is published: set heads too"):
        load_settings(overrides=["journal.heads_key=heads"])


# -- the command ---------------------------------------------------------------------------------


def verify(folder: Path, *more: str) -> int:
    return run(["journal", "verify", str(folder / "s"), "--heads", str(folder / "log"), *more])


def test_verify_tells_who_has_not_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_journal(tmp_path / "s", [Step(1, T, Restarted(1)), Step(2, T)])
    key, log = tmp_path / "key.pem", tmp_path / "log"
    key.write_bytes(public())
    assert run(["journal", "verify", str(tmp_path / "s"), "--json"]) == 0
    head = Published("2026-01-05T12:00:00Z", 2, json.loads(capsys.readouterr().out)["head"])
    text = f"sluice head {head.time} {head.seq} {head.head}".encode()
    line = {"time": head.time, "seq": 2, "head": head.head}
    good = line | {"signature": signed(head, text=text).signature}
    log.write_text(json.dumps(good) + "\n")
    assert verify(tmp_path, "--key", str(key)) == 0
    assert "1 of 1 published heads confirmed" in capsys.readouterr().out
    other = signed(head, Ed25519PrivateKey.generate(), text).signature
    for bad, told in (
        (line, "bears no signature"),
        (line | {"signature": other}, "another signature"),
    ):
        log.write_text(json.dumps(good) + "\n" + json.dumps(bad) + "\n")
        assert verify(tmp_path, "--key", str(key)) == 10
        assert f"NOT SIGNED: seq 2, published at {head.time}, {told}" in (
            capsys.readouterr().err.replace("bears another", "another")
        )
        assert verify(tmp_path) == 0, "nobody has asked who signed"


def test_verify_tells_what_is_wrong_with_a_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_journal(tmp_path / "s", [Step(1, T, Restarted(1))])
    (tmp_path / "log").write_text("")
    key = tmp_path / "key.pem"
    assert verify(tmp_path, "--key", str(key)) == 1
    assert "No such file" in capsys.readouterr().err
    key.write_bytes(private())
    assert verify(tmp_path, "--key", str(key)) == 1
    assert "no Ed25519 public key in PEM; take it from the private one" in capsys.readouterr().err
    assert run(["journal", "verify", str(tmp_path / "s"), "--key", str(key)]) == 4
    assert "add --heads FILE" in capsys.readouterr().err
