"""Who may log on: passwords, signatures, lockout, expiry; and no secret in any text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from router.fix.credentials import (
    ADDRESSES_MAX,
    FAILURES_MAX,
    HASH_KIB_MAX,
    SEEN_MAX,
    Credentials,
    LogonRefusal,
    PasswordFields,
    PasswordProof,
    SignatureFields,
    SignatureProof,
    hash_password,
    signature,
)
from tests.fix.wire import T0, T0_TEXT, S, said
from tests.scarce import little_memory

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = CHEAP.hash("hunter2")
KEY = bytes(range(32))
WRONG = LogonRefusal("credentials not accepted", "5")
LOCKED = LogonRefusal("credentials not accepted", "6")


def logon(username: str = "trader", password: str = "hunter2") -> bytes:
    return said(f"35=A|34=1|98=0|108=30|553={username}|554={password}|")


def password_credentials(**changes: int) -> Credentials:
    return Credentials(PasswordProof("trader", (HASH,)), **changes)


# --- passwords -----------------------------------------------------------------------------------


def test_the_right_username_and_password_are_let_in() -> None:
    assert password_credentials().check(logon(), T0) is None


@pytest.mark.parametrize(
    "frame",
    [
        logon(password="hunter3"),
        logon(username="traders"),
        logon(username="", password=""),
        logon(username="", password="hunter2"),
        said("35=A|34=1|98=0|108=30|553=trader|"),
        said("35=A|34=1|98=0|108=30|554=hunter2|"),
        said("35=A|34=1|98=0|108=30|"),
        said("35=A|34=1|98=0|108=30|553=trader|554=hunter3|554=hunter2|"),
        b"8=FIX.4.4\x019=5\x0135=A\x01nonsense\x0110=000\x01",
    ],
)
def test_anything_else_is_told_the_same(frame: bytes) -> None:
    assert password_credentials().check(frame, T0) == WRONG


def test_while_a_password_changes_both_are_let_in() -> None:
    credentials = Credentials(PasswordProof("trader", (HASH, CHEAP.hash("next"))))
    assert credentials.check(logon(), T0) is None
    assert credentials.check(logon(password="next"), T0) is None
    assert credentials.check(logon(password="other"), T0) == WRONG


def test_an_expired_password_is_told_so_and_only_a_right_one() -> None:
    credentials = password_credentials(expires_at=T0 + S)
    assert credentials.check(logon(), T0) is None
    assert credentials.check(logon(), T0 + S) == LogonRefusal("credentials expired", "8")
    assert credentials.check(logon(password="other"), T0 + S) == WRONG


def test_a_hash_that_is_made_here_verifies_here() -> None:
    made = hash_password("Grüße")
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert hash_password("Grüße") != made, "each has its own salt"
    assert Credentials(PasswordProof("me", (made,))).check(logon("me", "Grüße"), T0) is None


@pytest.mark.parametrize("password", ["", "two\nlines", "a\x01b", "π"])
def test_what_no_field_can_hold_is_no_password(password: str) -> None:
    with pytest.raises(ValueError, match="one line of printable") as caught:
        hash_password(password)
    assert not password or password not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "hunter2",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA",
        HASH[:-1],
        HASH + "x",
        PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=Type.I).hash("hunter2"),
        HASH.replace("m=8", "m=99999999"),
        HASH.replace("t=1", "t=1000"),
        HASH.replace("t=1", "t=0"),
        HASH.replace("t=1", "t=01"),
        HASH.replace("p=1", "p=2"),
        HASH.replace("m=8,t=1,p=1", "m=8000,t=1,p=1000"),
        HASH[:-1] + "/",  # more bits than 32 bytes have
    ],
)
def test_a_line_that_is_no_usable_hash_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(ValueError, match="hash") as caught:
        PasswordProof("trader", (HASH, line))
    assert line not in str(caught.value)


def test_a_password_that_cannot_be_compared_is_not_a_wrong_one() -> None:
    dear = HASH.replace("m=8", f"m={HASH_KIB_MAX}")
    credentials = Credentials(PasswordProof("trader", (dear,)))
    both = Credentials(PasswordProof("trader", (dear, HASH)))
    unknown = LogonRefusal("credentials could not be checked", ours=True)
    with little_memory():
        for turn in range(FAILURES_MAX + 1):
            assert credentials.check(logon(), T0 + turn, "192.0.2.1") == unknown
        assert both.check(logon(), T0) is None, "the other hash is enough"
        assert both.check(logon(password="other"), T0) == unknown


def test_without_a_hash_nobody_can_be_judged() -> None:
    with pytest.raises(ValueError, match="no argon2id hash"):
        PasswordProof("trader", ())


# --- lockout -------------------------------------------------------------------------------------


def test_five_failures_in_a_minute_lock_an_address_out_and_no_other() -> None:
    credentials = password_credentials()
    for second in range(FAILURES_MAX):
        frame = logon(password="guess")
        assert credentials.check(frame, T0 + second * S, "10.0.0.1") == WRONG
    assert credentials.check(logon(), T0 + 5 * S, "10.0.0.1") == LOCKED
    assert credentials.check(logon(), T0 + 5 * S, "10.0.0.2") is None
    # The first failure is a minute old: one more try, which is right.
    assert credentials.check(logon(), T0 + 60 * S - 1, "10.0.0.1") == LOCKED
    assert credentials.check(logon(), T0 + 60 * S, "10.0.0.1") is None


def test_a_try_while_locked_out_does_not_prolong_the_lockout() -> None:
    credentials = password_credentials()
    for _ in range(FAILURES_MAX):
        credentials.check(logon(password="guess"), T0)
    for second in range(60):
        assert credentials.check(logon(), T0 + second * S) == LOCKED
    assert credentials.check(logon(), T0 + 60 * S) is None


def test_success_is_no_failure() -> None:
    credentials = password_credentials()
    for _ in range(3 * FAILURES_MAX):
        assert credentials.check(logon(), T0) is None


def test_when_too_many_addresses_have_failed_a_new_one_is_locked_out_for_the_minute() -> None:
    credentials = Credentials(SignatureProof(KEY))
    unsigned = said("35=A|34=1|98=0|108=30|")
    for number in range(ADDRESSES_MAX):
        assert credentials.check(unsigned, T0, f"10.0.{number >> 8}.{number & 255}") == WRONG
    assert credentials.check(unsigned, T0 + 59 * S, "10.1.0.0") == LOCKED
    assert credentials.check(unsigned, T0 + 60 * S, "10.1.0.0") == WRONG


# --- signatures ----------------------------------------------------------------------------------


def signed(seq: int = 1, at: int = T0, key: bytes = KEY, **changes: str) -> bytes:
    """A Logon from OMS to SLUICE that is signed by the code under test and framed by the test."""
    names = {"begin_string": "FIX.4.2", "sender_comp_id": "OMS", "target_comp_id": "SLUICE"}
    fields = SignatureFields(key, timestamp_precision=3, **(names | changes))(at, seq)
    text = T0_TEXT if at == T0 else f"20260105-14:{30 + (at - T0) // S // 60:02d}:00.000"
    body = f"35=A|34={seq}|98=0|108=30|{fields.replace(chr(1), '|')}"
    return said(body, time=text, begin_string="FIX.4.2")


def test_the_signature_is_the_hmac_of_five_fields_of_the_header() -> None:
    # printf 'FIX.4.2\0011\001OMS\00120260105-14:30:00.000\001SLUICE' |
    #   openssl dgst -sha256 -mac hmac -macopt hexkey:000102...1f
    assert (
        signature(
            KEY,
            begin_string="FIX.4.2",
            msg_seq_num="1",
            sender_comp_id="OMS",
            sending_time="20260105-14:30:00.000",
            target_comp_id="SLUICE",
        )
        == "6da091466394c0f29e02ae8b5dc7eb21d86b880d1ee8801a4bd3858c184258f3"
    )


def test_a_signed_logon_is_let_in_once() -> None:
    credentials = Credentials(SignatureProof(KEY))
    assert credentials.check(signed(), T0) is None
    assert credentials.check(signed(), T0) == WRONG
    assert credentials.check(signed(), T0 + 30 * S) == WRONG
    assert credentials.check(signed(seq=2), T0) is None


@pytest.mark.parametrize(
    "frame",
    [
        signed(key=bytes(32)),
        signed(begin_string="FIX.4.4"),
        signed(sender_comp_id="OMS2"),
        signed(target_comp_id="SLUICE2"),
        signed().replace(b"34=1", b"34=2"),
        signed().replace(b"14:30:00.000", b"14:30:00.001"),
        said("35=A|34=1|98=0|108=30|", begin_string="FIX.4.2"),
        signed().replace(b"52=20260105-14:30:00.000", b"52=20260105-14:30:00.00x"),
    ],
)
def test_a_signature_covers_each_of_its_fields(frame: bytes) -> None:
    assert Credentials(SignatureProof(KEY)).check(frame, T0) == WRONG


@pytest.mark.parametrize(
    ("now", "answer"),
    [
        (T0 - 30 * S - 1, WRONG),
        (T0 - 30 * S, None),
        (T0 + 30 * S, None),
        (T0 + 30 * S + 1, WRONG),
    ],
)
def test_a_signature_is_good_for_thirty_seconds_on_either_side(
    now: int, answer: LogonRefusal | None
) -> None:
    assert Credentials(SignatureProof(KEY)).check(signed(), now) == answer


def test_a_logon_is_remembered_for_as_long_as_its_time_is_good() -> None:
    credentials = Credentials(SignatureProof(KEY))
    early = T0 - 30 * S  # our clock is behind theirs, and then catches up
    assert credentials.check(signed(), early) is None
    assert credentials.check(signed(), T0 + 30 * S) == WRONG


def test_so_many_signed_logons_in_a_minute_are_no_logons() -> None:
    credentials = Credentials(SignatureProof(KEY))
    for seq in range(1, SEEN_MAX + 1):
        assert credentials.check(signed(seq), T0) is None
    assert credentials.check(signed(SEEN_MAX + 1), T0) == WRONG


@pytest.mark.parametrize("make", [SignatureProof, lambda key: signed(key=key)])
def test_a_short_key_is_refused(make: Callable[[bytes], object]) -> None:
    with pytest.raises(ValueError, match="a signing key of 31 bytes; at least 32 are needed"):
        make(bytes(31))


# --- the initiator's side ------------------------------------------------------------------------


def test_an_initiator_states_username_and_password() -> None:
    assert PasswordFields("me", "pass=word")(T0, 1) == "553=me\x01554=pass=word\x01"


def test_an_initiator_signs_with_the_precision_that_its_header_has() -> None:
    fields = SignatureFields(
        KEY,
        begin_string="FIX.4.2",
        sender_comp_id="OMS",
        target_comp_id="SLUICE",
        timestamp_precision=0,
    )
    expected = signature(
        KEY,
        begin_string="FIX.4.2",
        msg_seq_num="7",
        sender_comp_id="OMS",
        sending_time="20260105-14:30:00",
        target_comp_id="SLUICE",
    )
    assert fields(T0, 7) == f"95=64\x0196={expected}\x01"


@pytest.mark.parametrize(
    ("username", "password"), [("", "x"), ("x", ""), ("x", "se\x01cret"), ("x", "secret\n")]
)
def test_what_cannot_be_sent_is_refused_and_not_repeated(username: str, password: str) -> None:
    with pytest.raises(ValueError, match="username or password") as caught:
        PasswordFields(username, password)
    assert "cret" not in str(caught.value)


def test_no_text_of_any_of_them_holds_a_secret() -> None:
    fields = SignatureFields(
        b"hunter2" * 8,
        begin_string="FIX.4.2",
        sender_comp_id="OMS",
        target_comp_id="SLUICE",
        timestamp_precision=3,
    )
    for each in (
        password_credentials(),
        PasswordProof("trader", (HASH,)),
        Credentials(SignatureProof(b"hunter2" * 8)),
        SignatureProof(b"hunter2" * 8),
        PasswordFields("trader", "hunter2"),
        fields,
    ):
        assert "hunter2" not in repr(each)
        assert HASH not in repr(each)
