"""Certificate files as an operator leaves them: is it one, whose eyes may see it, is it in time.

Every fault is a `TlsError` that says what is wrong, where, and what is allowed. Opens no
connection.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from router import access
from router.model import NS

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


class TlsError(ValueError):
    """What is wrong with the settings of TLS or with a file that they name, for the operator."""


def certificates(key: str, path: Path) -> list[bytes]:
    """The certificates of a PEM file, as DER. `key` is the setting that names it.

    Raises:
        TlsError: the file cannot be read or holds none.
    """
    blocks = _BLOCK.findall(_read(key, path))
    if not blocks:
        raise TlsError(f"{key}: {path} holds no certificate; allowed: a PEM file with one or more")
    try:
        return [ssl.PEM_cert_to_DER_cert(each) for each in blocks]
    except ValueError:
        raise TlsError(f"{key}: {path} holds a broken certificate; allowed: PEM") from None


def check_times(key: str, path: Path, now: int, *, judged: Literal["first", "best"]) -> None:
    """Refuse a file whose certificates are not in time at `now`, UTC nanoseconds. The first of
    ours is the one that is judged: whether a peer needs those behind it is the peer's to know.

    Raises:
        TlsError: as `certificates`, and if the first, or every one, is expired or not valid yet.
    """
    found = [_out_of_time(key, path, each, now) for each in certificates(key, path)]
    wrong = found[0] if judged == "first" or all(found) else ""
    if wrong:
        raise TlsError(f"{wrong}; allowed: a certificate in time")


def _out_of_time(key: str, path: Path, der: bytes, now: int) -> str:
    try:
        begin, end = validity(der)
    except (ValueError, IndexError):
        raise TlsError(f"{key}: {path} holds a broken certificate; allowed: X.509") from None
    if now >= end:
        return f"{key}: {path} expired {_day(end)}"
    return f"{key}: {path} is valid from {_day(begin)} on" if now < begin else ""


def check_private(key: str, path: Path) -> None:
    """Refuse a private key that others than its owner may read.

    Raises:
        TlsError: it cannot be read, or others can.
    """
    text = _read(key, path)
    if access.others(path):
        mode = path.stat().st_mode & 0o777
        raise TlsError(
            f"{key}: {path} has mode {mode:04o}, others may use it; allowed: 0600 or 0400"
        )
    if "PRIVATE KEY-----" not in text:
        raise TlsError(f"{key}: {path} holds no private key; allowed: a PEM file with one")
    if "ENCRYPTED" in text:
        raise TlsError(f"{key}: {path} is encrypted; allowed: a key without a passphrase")


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate, 64 digits of lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def validity(der: bytes) -> tuple[int, int]:
    """notBefore and notAfter of a certificate (RFC 5280, 4.1), UTC nanoseconds.

    The standard library shows them of a connection's peer only, and that after verifying it.

    Raises:
        ValueError, IndexError: these bytes are no certificate.
    """
    at = _inside(der, _inside(der, 0))  # Certificate, TBSCertificate
    if der[at] == _VERSION:
        at = _after(der, at)
    for _ in range(3):  # serialNumber, signature, issuer
        at = _after(der, at)
    first = _inside(der, at)
    return _time(der, first), _time(der, _after(der, first))


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Where an element's content begins and ends (X.690, definite lengths)."""
    length = der[at + 1]
    begin = at + 2
    if length & 0x80:
        size = length & 0x7F
        begin += size
        length = int.from_bytes(der[begin - size : begin], "big")
    if begin + length > len(der):
        raise ValueError("cut short")
    return begin, begin + length


def _inside(der: bytes, at: int) -> int:
    if der[at] != _SEQUENCE:
        raise ValueError("not a sequence")
    return _content(der, at)[0]


def _after(der: bytes, at: int) -> int:
    return _content(der, at)[1]


def _time(der: bytes, at: int) -> int:
    begin, end = _content(der, at)
    text = der[begin:end].decode("ascii")
    if der[at] == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif der[at] != _GENERALIZED_TIME:
        raise ValueError("not a time")
    moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return int(moment.timestamp()) * NS


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment // NS, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _read(key: str, path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise TlsError(f"{key}: {path}: {why}; allowed: a PEM file that we may read") from None
