"""How the scenarios of the order state matrices write a message, one line each.

`8 Y(X) 5/1 1200/110/1090` is an ExecutionReport(8) with ClOrdID(11) Y, OrigClOrdID(41) X,
ExecType(150) 5, OrdStatus(39) 1, OrderQty(38), CumQty(14) and LeavesQty(151). What else a message
carries follows: `+200@10` is LastQty(32) at LastPx(31), `~10.8` is AvgPx(6), `19=` names the
venue's ExecID that is busted or corrected, and the code that begins Text(58) comes last. Whatever
the version of the session, kinds and statuses are FIX.4.4's.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.fix.codec import Message
from tests.oms import wording

_ALSO = ("103", "378", "790", "584", "911", "912")


def to_oms(message: Message) -> str:
    """What the OMS was told."""
    match message.msg_type:
        case "8":
            return _report(message)
        case "9":
            return _line(
                "9",
                _ids(message),
                f"37={message.get('37')}" if message.get("37") == "NONE" else "",
                *_tags(message, ("39", "102", "434")),
                _code(message),
            )
        case "r":
            tags = ("530", "531", "532", "533", "55")
            return _line("r", message.get("11"), *_tags(message, tags), _code(message))
        case "j":
            return _line("j", *_tags(message, ("372", "380", "379")), _code(message))
        case "3":
            return _line("3", *_tags(message, ("372", "371", "373")))
        case other:
            return other


def to_venue(message: Message, names: Mapping[str, str]) -> str:
    """What a venue was asked; `names` are short names of children by ClOrdID(11)."""
    match message.msg_type:
        case "D":
            return f"D {message.get('38')}@{message.get('44')} 59={message.get('59')}"
        case "F":
            return f"F {names[message.get('41')]}"
        case "H":
            return f"H {names[message.get('11')]}"
        case other:
            return other


def _report(message: Message) -> str:
    kind = wording.kind(message)
    traded = kind in ("F", "G", "H")
    return _line(
        "8",
        _ids(message),
        f"{kind}/{wording.status(message)}",
        f"{message.get('38')}/{message.get('14')}/{message.get('151')}",
        f"+{message.get('32')}@{message.get('31')}" if kind in ("F", "G") else "",
        f"19={message.get('19').rpartition('.')[2]}" if "19" in message.fields else "",
        f"~{message.get('6')}" if traded else "",
        *_tags(message, _ALSO),
        _code(message),
    )


def _ids(message: Message) -> str:
    orig = message.get("41")
    return f"{message.get('11')}({orig})" if orig else message.get("11")


def _tags(message: Message, tags: tuple[str, ...]) -> list[str]:
    return [f"{tag}={message.get(tag)}" for tag in tags if tag in message.fields]


def _code(message: Message) -> str:
    return message.get("58").partition(":")[0]


def _line(*parts: str) -> str:
    return " ".join(part for part in parts if part)
