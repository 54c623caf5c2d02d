"""Messages as the versions have them, and what their dictionaries say of them."""

from __future__ import annotations

from router.fix.codec import CodecError, Message, decode
from router.fix.dictionary import Dictionary, Rules, dictionary
from router.fix.framing import Framer
from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version
from tests.fix.wire import said

ORDER = "35=D|34=4|11=A|21=1|55=BAC|54=1|60=20260105-14:30:00|38=100|40=2|44=13.9|"
"""A NewOrderSingle that is sound in every version."""
HEARTBEAT = "35=0|34=2|"
STRICT = {version: dictionary(version) for version in VERSIONS}
ALL = VERSIONS
SINCE_44 = (FIX44, FIX50SP2)
OLD = (FIX42, FIX44)


def message(text: str, version: Version = FIX44) -> Message:
    """The decoded message of shorthand, in a version; one with a wrong tag number too."""
    return read(said(text, begin_string=version.begin_string))


def read(frame: bytes) -> Message:
    [whole] = Framer().feed(frame)
    try:
        return decode(whole)
    except CodecError as error:
        if error.message is None:
            raise
        return error.message


def fault(judge: Dictionary, text: str) -> tuple[int, str] | None:
    """SessionRejectReason(373) and RefTagID(371) of shorthand."""
    found = judge.validate(message(text, judge.spec.version))
    return None if found is None else (found.reason, found.ref_tag)


def relaxed(version: Version = FIX44, **rules: bool) -> Dictionary:
    return dictionary(version, Rules(**rules))
