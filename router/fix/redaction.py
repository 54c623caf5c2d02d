"""Frames without their secrets: what may be journaled, logged and shown of a Logon(A).

Owns which fields are secret. A redacted frame is as long as the frame was and has a right
CheckSum(10), so whatever reads frames reads it.
"""

from __future__ import annotations

from router.fix.framing import SOH, TRAILER_LENGTH, TRAILERS, checksum

SECRETS = frozenset({b"554", b"925", b"1402", b"1404"})
"""Password, NewPassword and their encrypted forms: secret in whatever message they stand."""
RAW_DATA = b"96"
RAW_DATA_MESSAGES = frozenset({b"A", b"BE"})
"""Where RawData(96) proves who somebody is: Logon and UserRequest."""
LENGTHS = {b"95": b"96", b"1401": b"1402", b"1403": b"1404"}
"""A length field and the secret data field that follows it. The lengths themselves stay: with
stars in them the frame could not be read any more."""
_STAR = b"*"
_MARKS = tuple(b"\x01" + tag + b"=" for tag in (*sorted(SECRETS), RAW_DATA))


def redact(frame: bytes) -> bytes:
    """The frame with a `*` for each byte of a secret, and the CheckSum(10) that this gives.

    A secret data field whose length does not fit hides everything up to the trailer: nobody knows
    where it ends. What is no frame comes back with its secrets hidden all the same.
    """
    if not any(mark in frame for mark in _MARKS):
        return frame
    parts: list[bytes] = []
    end = _trailer(frame)
    start = 0
    msg_type = length_tag = b""
    length = -1
    while start < end:
        stop = _next(frame, start, end)
        tag, equals, value = frame[start:stop].partition(b"=")
        if tag == b"35" and not msg_type:
            msg_type = value
        secret = tag in SECRETS or (tag == RAW_DATA and msg_type in RAW_DATA_MESSAGES)
        if tag in LENGTHS.values():
            measured = length if LENGTHS.get(length_tag) == tag else -1
            data_end = start + len(tag) + 1 + measured
            if measured >= 0 and data_end < end and frame[data_end : data_end + 1] == SOH:
                stop = data_end
            elif secret:
                stop = end - 1 if frame[end - 1 : end] == SOH else end
        if secret:
            hidden = stop - start - len(tag) - len(equals)
            parts += (tag, equals, _STAR * hidden, frame[stop : stop + 1])
        else:
            parts.append(frame[start : stop + 1])
        length_tag, length = tag, int(value) if value.isdigit() and len(value) < 10 else -1
        start = stop + 1
    text = b"".join(parts)
    return text + (TRAILERS[checksum(text)] if end < len(frame) else b"")


def _trailer(frame: bytes) -> int:
    """Where CheckSum(10) begins; the frame's end if it has none."""
    at = len(frame) - TRAILER_LENGTH
    return at if at > 0 and frame.startswith(b"10=", at) and frame.endswith(SOH) else len(frame)


def _next(frame: bytes, start: int, end: int) -> int:
    found = frame.find(SOH, start, end)
    return found if found >= 0 else end
