"""New connections: a known caller is admitted with all its bytes, everybody else gets silence."""

from __future__ import annotations

import pytest

from router.fix.reception import Admitted, Reception, Refused
from tests.fix.wire import T0, S, framed, said

SESSIONS = {("FIX.4.4", "OMS", "SLUICE"): "oms", ("FIX.4.4", "OMS2", "SLUICE"): "second"}
LOGON = said("35=A|34=1|98=0|108=30|")


def reception() -> Reception[str]:
    return Reception(SESSIONS, T0)


def test_a_known_caller_is_admitted_with_every_byte_so_far() -> None:
    more = said("35=0|34=2|")[:9]
    assert reception().receive(LOGON + more) == Admitted("oms", LOGON + more, LOGON)
    other = said("35=A|34=1|98=0|108=30|", "OMS2")
    assert reception().receive(other) == Admitted("second", other, other)


def test_a_logon_may_come_byte_by_byte() -> None:
    one = reception()
    answers = [one.receive(LOGON[i : i + 1]) for i in range(len(LOGON))]
    assert answers == [*[None] * (len(LOGON) - 1), Admitted("oms", LOGON, LOGON)]


@pytest.mark.parametrize(
    "data",
    [
        said("35=A|34=1|98=0|108=30|", "STRANGER"),
        said("35=A|34=1|98=0|108=30|", "OMS", "OTHER"),
        said("35=A|34=1|98=0|108=30|", begin_string="FIX.4.2"),
        said("35=0|34=1|"),
        framed("35=A|34=1|98=0|108=30|"),
        b"x" + LOGON,
        LOGON[:-2] + b"x\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        framed("35=A|58=" + "x" * 4096 + "|"),
        b"8=FIX.4.4\x019=99999\x01",
        b"8=FIX" + b"4" * 40,
        bytes(5000),
    ],
)
def test_strangers_noise_and_giants_are_refused(data: bytes) -> None:
    assert isinstance(reception().receive(data), Refused)
    one = reception()
    answers = [one.receive(data[i : i + 1]) for i in range(len(data))]
    assert any(isinstance(answer, Refused) for answer in answers)
    assert not any(isinstance(answer, Admitted) for answer in answers)


def test_an_attack_behind_the_logon_is_left_to_the_session() -> None:
    data = LOGON + b"8=FIX" + b"4" * 40
    assert reception().receive(data) == Admitted("oms", data, LOGON)


def test_half_a_logon_is_waited_for_ten_seconds() -> None:
    one = reception()
    assert one.receive(LOGON[:50]) is None
    assert one.deadline() == T0 + 10 * S
    assert one.tick(T0 + 10 * S - 1) is None
    assert isinstance(one.tick(T0 + 10 * S), Refused)
