"""What an order asks for beyond its terms, and what of it we do: the rest is refused, not ignored.

Owns the fields that are read for this alone. Whoever gives an instruction that is silently not
followed believes that it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from router.model import Instrument, Side

EXEC_INST = "18"
TAKEN: Mapping[str, tuple[str, ...]] = {
    EXEC_INST: ("1", "B", "e", "g"),
    "21": ("1", "2"),
    "63": ("0",),
    "65": (),
    "99": (),
    "167": ("CS", "PS"),
}
"""By tag the values that are followed as they are.

ExecInst(18): not held, to be crossed, worked to TargetStrategy(847), routed elsewhere: each leaves
to us what we do. HandlInst(21): automated. SettlType(63): regular. SymbolSfx(65) and StopPx(99):
none. SecurityType(167): shares.
"""
_OF_THE_INSTRUMENT = ("65", "167")
_SHORT = (Side.SELL_SHORT, Side.SELL_SHORT_EXEMPT)


def unsupported(fields: Mapping[str, str], instrument: Instrument | None) -> str:
    """The first that is not done, as `CODE: text`; empty if all of it is.

    Without an instrument, the currency is not looked at: the order is refused for that.
    """
    get = fields.get
    for tag, taken in TAKEN.items():
        text = get(tag)
        if text and text not in taken:
            for value in text.split(" ") if tag == EXEC_INST else (text,):
                if value not in taken:
                    return _refusal(tag, value, taken)
    # The venue is told that the stock has been located.
    if get("114") == "Y" and get("54") in _SHORT:
        return _refusal("114", "Y", ("N",))
    currency = get("15")
    if currency and instrument is not None and currency != instrument.currency:
        return _refusal("15", currency, (instrument.currency,))
    return ""


def _refusal(tag: str, value: str, taken: Sequence[str]) -> str:
    told = f"tag={tag}, value={value}, allowed={' '.join(taken) or 'none'}"
    if tag in _OF_THE_INSTRUMENT:
        return f"INSTRUMENT_UNKNOWN: {told}"
    return f"CHARACTERISTIC_UNSUPPORTED: {told}"
