"""Secrets out of bytes that are no FIX message but may hold fields of one.

Messages are redacted by `router.fix.redaction`; this is for what that cannot read.
"""

from __future__ import annotations

import re

_SECRET = re.compile(rb"((?:^|[\x01|\s]|\^A)(?:554|925|96|1402|1404)=)[^\x01|\s^]*")


def mask_junk(data: bytes) -> bytes:
    """The bytes with `***` for what stands where a secret would, whatever parts the fields."""
    return _SECRET.sub(rb"\g<1>***", data)
