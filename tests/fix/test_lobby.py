"""Strangers: how many, from where, how long; and the one whose credentials are being checked."""

from __future__ import annotations

from router.fix.lobby import FROM_ONE_ADDRESS_MAX, STRANGERS_MAX, Lobby
from router.fix.reception import Admitted, Refused
from tests.fix.wire import T0, S, said

LOGON = said("35=A|34=1|98=0|108=30|")
PATIENCE = 10 * S


def lobby() -> Lobby[str]:
    return Lobby({("FIX.4.4", "OMS", "SLUICE"): "oms"})


def test_sixty_four_strangers_and_no_more() -> None:
    one = lobby()
    answers = [one.opened(conn, T0, f"192.0.2.{conn}") for conn in range(STRANGERS_MAX + 1)]
    assert answers[:-1] == [None] * STRANGERS_MAX
    assert answers[-1] == Refused("64 connections have not logged on")
    one.closed(0)
    assert one.opened(99, T0, "192.0.2.99") is None


def test_eight_from_one_address_and_no_more() -> None:
    one = lobby()
    assert [one.opened(conn, T0, "A") for conn in range(FROM_ONE_ADDRESS_MAX)] == [None] * 8
    assert one.opened(8, T0, "A") == Refused("8 connections of its address have not logged on")
    assert one.opened(9, T0, "B") is None
    one.closed(0)
    assert one.opened(10, T0, "A") is None


def test_who_has_logged_on_makes_room() -> None:
    one = lobby()
    for conn in range(100):
        assert one.opened(conn, T0, "A") is None
        assert one.received(conn, LOGON) == Admitted("oms", LOGON, LOGON)
        assert not one.holds(conn)


def test_who_is_refused_makes_room() -> None:
    one = lobby()
    for conn in range(100):
        assert one.opened(conn, T0, "A") is None
        assert isinstance(one.received(conn, b"GET / HTTP/1.1\r\n\r\n"), Refused)


def test_who_is_being_checked_takes_a_place_and_has_no_deadline() -> None:
    one = lobby()
    for conn in range(FROM_ONE_ADDRESS_MAX):
        one.opened(conn, T0, "A")
        one.received(conn, LOGON)
        one.checking(conn, "A")
    assert one.opened(8, T0, "A") is not None
    assert one.deadline() is None
    assert one.overdue(T0 + 100 * PATIENCE) == []
    one.closed(3)
    assert one.opened(9, T0, "A") is None


def test_the_oldest_has_the_first_deadline() -> None:
    one = lobby()
    assert one.deadline() is None
    one.opened(1, T0, "A")
    one.opened(2, T0 + S, "B")
    assert one.deadline() == T0 + PATIENCE
    assert one.overdue(T0 + PATIENCE - 1) == []
    assert one.overdue(T0 + PATIENCE) == [1]
    assert one.deadline() == T0 + S + PATIENCE


def test_an_empty_address_is_not_counted() -> None:
    one = lobby()
    assert [one.opened(conn, T0) for conn in range(STRANGERS_MAX)] == [None] * STRANGERS_MAX
