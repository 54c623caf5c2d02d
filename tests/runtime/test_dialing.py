"""Whom a session calls next and when: hosts in order, delays that grow, jitter without chance."""

from __future__ import annotations

import pytest

from router.runtime.dialing import JITTER, Address, Dial, Dialing, HostSelection

A, B, C = (Address(f"10.0.0.{number}", 9880) for number in (1, 2, 3))


def dialing(
    *hosts: Address, name: str = "LIT_A", selection: HostSelection = "priority", most: float = 8.0
) -> Dialing:
    return Dialing(
        Dial(name, hosts, reconnect_s=1.0, reconnect_max_s=most, host_selection=selection)
    )


def within(delay: float, full: float) -> bool:
    """A delay with its jitter taken off."""
    return full * (1 - JITTER) <= delay <= full


def test_one_host_is_called_again_after_delays_that_double_up_to_a_bound() -> None:
    one = dialing(A)
    delays = [one.failed() for _ in range(6)]
    assert one.host == A
    expected = [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert all(within(*each) for each in zip(delays, expected, strict=True)), delays


def test_a_logon_takes_the_delay_back_to_its_start() -> None:
    one = dialing(A)
    for _ in range(5):
        one.failed()
    assert within(one.logged_on(), 1.0)
    assert within(one.failed(), 1.0)
    assert within(one.failed(), 2.0)


def test_the_next_host_is_called_at_once_and_a_delay_follows_when_all_have_failed() -> None:
    one = dialing(A, B, C)
    called, delays = [], []
    for _ in range(6):
        called.append(one.host)
        delays.append(one.failed())
    assert called == [A, B, C, A, B, C]
    assert [delays[index] for index in (0, 1, 3, 4)] == [0.0] * 4
    assert within(delays[2], 1.0)
    assert within(delays[5], 2.0)


@pytest.mark.parametrize(("selection", "after"), [("priority", A), ("round_robin", C)])
def test_after_a_session_with_the_second_host(selection: HostSelection, after: Address) -> None:
    one = dialing(A, B, C, selection=selection)
    one.failed()
    assert one.host == B
    one.logged_on()
    assert one.host == after


def test_round_robin_comes_around() -> None:
    one = dialing(A, B, selection="round_robin")
    called = []
    for _ in range(4):
        called.append(one.host)
        one.logged_on()
    assert called == [A, B, A, B]


def test_jitter_is_the_same_each_time_and_not_the_same_for_two_sessions() -> None:
    def delays(name: str) -> list[float]:
        one = dialing(A, name=name)
        return [one.failed() for _ in range(8)]

    assert delays("LIT_A") == delays("LIT_A")
    assert delays("LIT_A") != delays("LIT_B")
    assert len(set(delays("LIT_A")[3:])) > 1, "the bound is not reached in step either"


def test_a_first_delay_above_the_bound_is_kept() -> None:
    assert within(dialing(A, most=0.5).failed(), 1.0)


def test_a_thousand_failures_do_not_overflow() -> None:
    one = dialing(A)
    assert within([one.failed() for _ in range(2_000)][-1], 8.0)
