"""Who may log on, and how an initiator proves who it is: a password, or a signature.

Owns the checks, the lockout and what is signed. Secrets come in as values and go out in no repr, no
text and no error. Opens no file and reads no clock; a check takes as long as argon2 takes.

A signature is RawData(96) of the Logon(A): the HMAC-SHA256, as 64 lower-case hexadecimal digits, of

    BeginString(8) SOH MsgSeqNum(34) SOH SenderCompID(49) SOH SendingTime(52) SOH TargetCompID(56)

as these fields stand in the message, in latin-1. It is for versions without Username(553), and for
networks where a password may be overheard.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from router.fix.codec import SOH, CodecError, Message, decode, field_text, time_text, time_value
from router.model import NS

FAILURES_MAX = 5
"""Failures of one address in LOCKOUT_NS; then it is locked out until the first is so old."""
LOCKOUT_NS = 60 * NS
ADDRESSES_MAX = 1_024
"""Addresses whose failures are remembered; while there are so many, any other is locked out."""
WINDOW_NS = 30 * NS
"""How far the SendingTime(52) of a signed Logon may be from our clock."""
SEEN_MAX = 1_000
"""Signed Logons remembered so that none is taken twice; while there are so many, none is taken."""
HASH_KIB_MAX = 1_048_576
"""Memory that a hash may ask for."""
HASH_TIME_MAX = 64
"""Passes that a hash may ask for."""
HASH_LANES_MAX = 64
"""Threads that a hash may ask for."""
LANE_KIB = 8
"""What argon2 needs for each."""
KEY_MIN = 32
"""Bytes of a signing key: as many as HMAC-SHA256 gives."""

WRONG, LOCKED, EXPIRED = "5", "6", "8"
"""SessionStatus(1409): invalid username or password, account locked, password expired."""

_HASHER = PasswordHasher()
_HASH = re.compile(
    r"(\$argon2id\$v=19\$)m=[1-9][0-9]{0,8},t=[1-9][0-9]{0,8},p=[1-9][0-9]{0,3}"
    r"(\$[A-Za-z0-9+/]{22,86}\$[A-Za-z0-9+/]{43})"
)
"""The encoded form of an argon2id hash of 32 bytes with a salt of at least 16."""

LogonFields = Callable[[int, int], str]
"""More fields for the Logon(A) that is made at a time with a MsgSeqNum(34)."""


@dataclass(frozen=True, slots=True)
class LogonRefusal:
    """Why a Logon is not taken: Text(58), and SessionStatus(1409) where the version has it."""

    text: str
    session_status: str = ""
    ours: bool = False
    """The check could not be made, which says nothing of the peer and counts against nobody."""


class CannotVerify(Exception):  # noqa: N818 - says what is
    """A password was not compared: argon2 has no memory, or no thread."""


class Proof(Protocol):
    """What must be shown to log on."""

    def holds(self, logon: Message, now: int) -> bool:
        """True if the Logon shows it. Takes equally long whatever is wrong.

        Raises:
            CannotVerify: nobody can know now.
        """
        ...


@dataclass(frozen=True, slots=True)
class PasswordProof:
    """Username(553) and Password(554), against argon2id hashes. More than one hash is for the time
    in which a password changes.

    Raises:
        ValueError: no hash, or one that is no argon2id hash of tolerable cost.
    """

    username: str
    hashes: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.hashes:
            raise ValueError("no argon2id hash; `sluice fix hash` makes one")
        for each in self.hashes:
            _check_hash(each)

    def holds(self, logon: Message, now: int) -> bool:
        """The password is verified even if the username is wrong, and against every hash."""
        password = logon.get("554").encode("latin-1")
        verified = [_verifies(each, password) for each in self.hashes]
        name = logon.get("553").encode("latin-1")
        known = hmac.compare_digest(name, self.username.encode("latin-1", "replace"))
        if None in verified and True not in verified:
            raise CannotVerify
        return known and True in verified


class SignatureProof:
    """RawData(96), not older or newer than WINDOW_NS, each SendingTime(52) and MsgSeqNum(34) once.

    Raises:
        ValueError: a key of less than KEY_MIN bytes.
    """

    def __init__(self, key: bytes) -> None:
        _check_key(key)
        self._key = key
        self._seen: dict[tuple[str, str], int] = {}

    def holds(self, logon: Message, now: int) -> bool:
        """A Logon that was taken once is remembered for as long as it could be taken again."""
        said = signature(
            self._key,
            begin_string=logon.get("8"),
            msg_seq_num=logon.get("34"),
            sender_comp_id=logon.get("49"),
            sending_time=logon.get("52"),
            target_comp_id=logon.get("56"),
        )
        right = hmac.compare_digest(said.encode(), logon.get("96").encode("latin-1"))
        try:
            sent = time_value(logon.get("52"))
        except ValueError:
            return False
        self._seen = {each: at for each, at in self._seen.items() if at + WINDOW_NS >= now}
        once = (logon.get("52"), logon.get("34"))
        fresh = abs(now - sent) <= WINDOW_NS and once not in self._seen
        if not (right and fresh and len(self._seen) < SEEN_MAX):
            return False
        self._seen[once] = sent
        return True

    def __repr__(self) -> str:
        return "SignatureProof()"


class Credentials:
    """Judges the Logons of one session of an acceptor.

    A wrong username, a wrong password and a locked address are told the same text. `expires_at`
    (UTC nanoseconds) is told only to who proves to be the peer. One check at a time.
    """

    def __init__(self, proof: Proof, *, expires_at: int | None = None) -> None:
        self._proof = proof
        self._expires_at = expires_at
        self._failures: dict[str, deque[int]] = {}

    def check(self, frame: bytes, now: int, address: str = "") -> LogonRefusal | None:
        """Judge a Logon(A) from an address; None lets it in.

        Takes 64 MiB and 0.15 to 0.3 s with argon2's usual cost (measured on two busy cores), so it
        has no place in the event loop.
        """
        failures = self._recent(address, now)
        if failures is None or len(failures) >= FAILURES_MAX:
            return LogonRefusal("credentials not accepted", LOCKED)
        # Counted before it is judged: many at once are no way round the lockout.
        failures.append(now)
        try:
            holds = self._proof.holds(decode(frame), now)
        except CodecError:
            holds = False
        except CannotVerify:
            failures.remove(now)
            return LogonRefusal("credentials could not be checked", ours=True)
        if not holds:
            return LogonRefusal("credentials not accepted", WRONG)
        failures.remove(now)
        if self._expires_at is not None and now >= self._expires_at:
            return LogonRefusal("credentials expired", EXPIRED)
        return None

    def _recent(self, address: str, now: int) -> deque[int] | None:
        """An address's failures of the last minute; None if there is no room for one more."""
        failures = self._failures.get(address)
        if failures is None:
            if len(self._failures) >= ADDRESSES_MAX:
                self._forget(now)
            if len(self._failures) >= ADDRESSES_MAX:
                return None
            failures = self._failures[address] = deque()
        while failures and failures[0] + LOCKOUT_NS <= now:
            failures.popleft()
        return failures

    def _forget(self, now: int) -> None:
        """Drop the addresses without a recent failure."""
        self._failures = {
            address: failures
            for address, failures in self._failures.items()
            if failures and failures[-1] + LOCKOUT_NS > now
        }

    def __repr__(self) -> str:
        return f"Credentials({self._proof!r})"


class PasswordFields:
    """An initiator's Username(553) and Password(554)."""

    def __init__(self, username: str, password: str) -> None:
        """Raises ValueError if one cannot stand in a field; the error does not repeat it."""
        if not username or not _fits(username) or not password or not _fits(password):
            raise ValueError("a username or password is empty, or holds what no field can hold")
        self._text = field_text([("553", username), ("554", password)])

    def __call__(self, now: int, msg_seq_num: int) -> str:
        """The fields' text, as `codec.encode` takes it."""
        return self._text

    def __repr__(self) -> str:
        return "PasswordFields()"


class SignatureFields:
    """An initiator's RawDataLength(95) and RawData(96)."""

    def __init__(
        self,
        key: bytes,
        *,
        begin_string: str,
        sender_comp_id: str,
        target_comp_id: str,
        timestamp_precision: int,
    ) -> None:
        """Raises ValueError if the key is too short."""
        _check_key(key)
        self._key = key
        self._begin_string = begin_string
        self._sender_comp_id = sender_comp_id
        self._target_comp_id = target_comp_id
        self._timestamp_precision = timestamp_precision

    def __call__(self, now: int, msg_seq_num: int) -> str:
        """The fields' text, as `codec.encode` takes it, for a Logon sent at `now`."""
        text = signature(
            self._key,
            begin_string=self._begin_string,
            msg_seq_num=str(msg_seq_num),
            sender_comp_id=self._sender_comp_id,
            sending_time=time_text(now, self._timestamp_precision),
            target_comp_id=self._target_comp_id,
        )
        return field_text([("95", str(len(text))), ("96", text)])

    def __repr__(self) -> str:
        return "SignatureFields()"


def signature(
    key: bytes,
    *,
    begin_string: str,
    msg_seq_num: str,
    sender_comp_id: str,
    sending_time: str,
    target_comp_id: str,
) -> str:
    """RawData(96) of a signed Logon, from the fields as they stand on the wire."""
    parts = (begin_string, msg_seq_num, sender_comp_id, sending_time, target_comp_id)
    return hmac.new(key, SOH.join(parts).encode("latin-1"), hashlib.sha256).hexdigest()


def hash_password(password: str) -> str:
    """The argon2id hash of a password: a line for a secrets file. The salt is argon2's own.

    Raises:
        ValueError: the password is empty or cannot stand in a field.
    """
    if not password or not _fits(password):
        raise ValueError("a password is one line of printable latin-1 text")
    return _HASHER.hash(password.encode("latin-1"))


def _fits(text: str) -> bool:
    """True if a field can hold the text."""
    return text.isprintable() and all(ord(each) < 256 for each in text)


def _check_key(key: bytes) -> None:
    if len(key) < KEY_MIN:
        raise ValueError(f"a signing key of {len(key)} bytes; at least {KEY_MIN} are needed")


def _check_hash(text: str) -> None:
    """Refuse what argon2 will not verify. It is asked itself, with this salt and hash at the lowest
    cost that there is: the cost that is meant is paid by Logons.
    """
    form = _HASH.fullmatch(text)
    if form is None:
        raise ValueError("not an argon2id hash; `sluice fix hash` makes one")
    cost = extract_parameters(text)
    lanes = cost.parallelism
    if cost.memory_cost > HASH_KIB_MAX or cost.time_cost > HASH_TIME_MAX or lanes > HASH_LANES_MAX:
        most = f"{HASH_KIB_MAX} KiB, {HASH_TIME_MAX} passes or {HASH_LANES_MAX} lanes"
        raise ValueError(f"a hash that costs more than {most}")
    if cost.memory_cost < LANE_KIB * lanes:
        raise ValueError(f"a hash of less than {LANE_KIB} KiB a lane, which argon2 does not verify")
    probe = f"{form[1]}m={LANE_KIB * lanes},t=1,p={lanes}{form[2]}"
    if _verifies(probe, b"") is None:
        raise ValueError("a hash that argon2 does not verify; `sluice fix hash` makes one")


def _verifies(hashed: str, password: bytes) -> bool | None:
    """Whether the password is the hash's; None if that cannot be known."""
    try:
        return _HASHER.verify(hashed, password)
    except VerifyMismatchError:
        return False
    except (VerificationError, InvalidHashError, MemoryError):
        return None
