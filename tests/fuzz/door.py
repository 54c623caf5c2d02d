"""What holds before a Logon is believed: the reception, the credentials, and what is journaled.

Raises AssertionError if it does not.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from router.fix.credentials import Credentials, SignatureProof
from router.fix.reception import BEFORE_LOGON_MAX, Admitted, Reception, Refused
from router.fix.redaction import redact
from router.fix.versions import VERSIONS
from tests.fuzz import law
from tests.fuzz.cost import allowed
from tests.fuzz.streams import NOW, Timed, chunks, outcome, stream

DOORS = {(version.begin_string, "OMS", "SLUICE"): version.name for version in VERSIONS}
KEY = b"0123456789abcdef0123456789abcdef"
SECRET = {b"554", b"925", b"1402", b"1404"}


def check_door(data: bytes, timed: Timed) -> int:
    """A stranger's stream: admitted, refused or waited for, and no secret kept. One input."""
    text, size = stream(data)
    start = time.thread_time_ns()
    answer = knock(text, size)
    timed(time.thread_time_ns() - start, len(text), allowed(len(text)))
    if isinstance(answer, Admitted):
        check_admitted(answer, text)
    for frame in outcome([text])[0]:
        check_redacted(frame)
    return 1


def knock(text: bytes, size: int) -> Admitted[str] | Refused | None:
    """What comes of a stream in chunks of a size."""
    reception = Reception(DOORS, NOW)
    for part in chunks(text, size):
        answer = reception.receive(part)
        if answer is not None:
            return answer
    assert len(text) <= BEFORE_LOGON_MAX, "a stranger is listened to for too long"
    return None


def check_admitted(answer: Admitted[str], text: bytes) -> None:
    """It is a Logon of a session that we have, and every byte so far is passed on."""
    assert text.startswith(answer.data)
    assert answer.logon == answer.data[: len(answer.logon)]
    assert not law.faults(answer.logon) & {"first three", "length", "cap"}
    said = answer.logon.split(b"\x01")
    assert said[2] == b"35=A"
    assert {b"49=OMS", b"56=SLUICE"} <= set(said)
    refusal = Credentials(SignatureProof(KEY)).check(answer.logon, NOW, "192.0.2.1")
    fields = dict(reversed(law.fields(answer.logon) or []))
    signed = (fields.get(tag, b"") for tag in (b"8", b"34", b"49", b"52", b"56"))
    proof = hmac.new(KEY, b"\x01".join(signed), hashlib.sha256).hexdigest().encode()
    assert refusal or (fields.get(b"96") == proof and not law.faults(answer.logon))


def check_redacted(frame: bytes) -> None:
    """A redacted frame is the frame, but for the secrets, of which nothing is left."""
    shown = redact(frame)
    assert len(shown) == len(frame)
    wrong = law.faults(frame)
    if wrong:
        return
    assert not law.faults(shown), shown
    before, after = law.fields(frame) or [], law.fields(shown) or []
    msg_type = before[2][1]
    secret = SECRET | {b"96"} if msg_type in (b"A", b"BE") else SECRET
    for at, ((tag, value), (again, kept)) in enumerate(zip(before, after, strict=False)):
        assert tag == again
        measured = law.DATA_OF.get(before[at - 1][0]) == tag
        if tag in secret and tag in law.DATA_OF.values() and not measured:
            # Nobody knows where it ends: it hides all that follows.
            assert set(kept) == {42}, f"{tag!r} is not hidden: {shown!r}"
            assert len(after) == at + 2, shown
            return
        if tag in secret:
            assert kept == b"*" * len(value), f"{tag!r} is not hidden: {shown!r}"
        elif tag != b"10":
            assert kept == value, f"{tag!r} was changed: {shown!r}"
    assert len(before) == len(after), shown


def signed_logon(begin_string: bytes) -> bytes:
    """A Logon that the credentials let in."""
    sent = b"20260105-14:30:00.000"
    text = b"\x01".join((begin_string, b"1", b"OMS", sent, b"SLUICE"))
    proof = hmac.new(KEY, text, hashlib.sha256).hexdigest().encode()
    body = b"35=A\x0134=1\x0149=OMS\x0152=%s\x0156=SLUICE\x0195=64\x0196=%s\x01" % (sent, proof)
    return law.frame(begin_string, body + b"98=0\x01108=30\x011137=9\x01")


def seeds() -> list[bytes]:
    """Logons with every kind of credentials, and what strangers say."""
    plain = b"35=A\x0134=1\x0149=OMS\x0152=20260105-14:30:00.000\x0156=SLUICE\x01%s"
    bodies = [
        b"98=0\x01108=30\x01",
        b"553=me\x01554=s3cret\x0198=0\x01108=30\x01",
        b"554=s3cret\x01925=an\x01other\x0198=0\x01",
        b"1401=5\x011402=a\x01b=c\x011403=3\x011404=x=y\x01",
        b"95=9\x0196=s3=cr\x01et!\x01554=x\x01",
        b"95=900\x0196=s3cret\x01",
        b"58=554=no\x01",
    ]
    texts = [
        law.frame(version.begin_string.encode(), plain % body)
        for version in VERSIONS
        for body in bodies
    ]
    signed = [signed_logon(version.begin_string.encode()) for version in VERSIONS]
    other = [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"8=FIX.4.4\x01" + b"9=5" * 99]
    return [bytes([i % 12]) + text for i, text in enumerate([*texts, *signed, *other])]
