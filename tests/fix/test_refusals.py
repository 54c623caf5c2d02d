"""Refusals: who tries too often is turned away at once, and lines are rationed."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from router.fix.addresses import is_within, peer_address, subscriber
from router.fix.refusals import (
    ADDRESSES_MAX,
    FLOOD_EVERY_NS,
    FLOOD_MAX,
    LINES_MAX,
    REFUSAL_EVERY_NS,
    REFUSALS_MAX,
    Refusals,
)
from tests.fix.wire import T0, S

A, B = "192.0.2.1", "192.0.2.2"


def test_a_session_is_barred_at_an_address_after_ten_refusals_and_free_again_one_by_one() -> None:
    one = Refusals()
    for _ in range(REFUSALS_MAX):
        assert not one.bars(A, T0, "OMS")
        one.note(A, T0, "OMS")
    assert one.bars(A, T0, "OMS")
    assert not one.bars(A, T0, "OTHER"), "another session is not held to account"
    assert not one.bars(B, T0, "OMS"), "nor is another address"
    assert not one.bars(A, T0), "and it may speak"
    assert one.bars(A, T0 + REFUSAL_EVERY_NS - 1, "OMS")
    assert not one.bars(A, T0 + REFUSAL_EVERY_NS, "OMS")
    one.note(A, T0 + REFUSAL_EVERY_NS, "OMS")
    assert one.bars(A, T0 + REFUSAL_EVERY_NS, "OMS")


def test_who_names_no_session_bars_none() -> None:
    one = Refusals()
    for _ in range(FLOOD_MAX - 1):
        one.note(A, T0)
    assert not one.bars(A, T0)
    assert not one.bars(A, T0, "OMS")


def test_an_address_that_floods_is_barred_whoever_it_says_to_be() -> None:
    one = Refusals()
    for number in range(FLOOD_MAX):
        assert not one.bars(A, T0)
        one.note(A, T0, f"OMS{number}")
    assert one.bars(A, T0)
    assert not one.bars(B, T0)
    assert not one.bars(A, T0 + FLOOD_EVERY_NS)


def test_a_logon_that_is_answered_ends_the_row_of_its_session_alone() -> None:
    one = Refusals()
    for name in ("OMS", "OTHER"):
        for _ in range(REFUSALS_MAX):
            one.note(A, T0, name)
    one.note(A, T0, "OTHER")
    one.let_in(A, "OMS")
    one.let_in(B, "OMS")
    assert not one.bars(A, T0, "OMS")
    assert one.bars(A, T0, "OTHER")
    assert one.note(A, T0, "OMS") == 1, "what was not told is told later"


def test_to_knock_while_barred_does_not_make_it_longer() -> None:
    one = Refusals()
    for _ in range(1_000):
        one.note(A, T0, "OMS")
    assert not one.bars(A, T0 + REFUSAL_EVERY_NS, "OMS")
    assert not one.bars(A, T0 + FLOOD_EVERY_NS)


def test_who_is_patient_is_never_barred() -> None:
    one = Refusals()
    for number in range(1_000):
        now = T0 + number * REFUSAL_EVERY_NS
        assert not one.bars(A, now)
        assert not one.bars(A, now, "OMS")
        assert one.note(A, now, "OMS") == 0


def test_lines_are_rationed_and_say_how_many_were_not_told() -> None:
    one = Refusals()
    told = [one.note(A, T0) for _ in range(500)]
    assert told == [0] * REFUSALS_MAX + [None] * (500 - REFUSALS_MAX)
    assert one.note(A, T0 + REFUSAL_EVERY_NS) == 500 - REFUSALS_MAX
    assert one.note(A, T0 + 2 * REFUSAL_EVERY_NS) == 0


def test_many_addresses_together_have_one_ration_of_lines() -> None:
    one = Refusals()
    told = [one.note(f"198.51.100.{number}", T0) for number in range(200)]
    assert told == [0] * LINES_MAX + [None] * (200 - LINES_MAX)


def test_what_is_remembered_is_bounded_and_the_count_is_not_lost() -> None:
    one = Refusals()
    for number in range(ADDRESSES_MAX + LINES_MAX):
        one.note(f"10.0.{number >> 8}.{number & 255}", T0)
    # The first LINES_MAX were told and have fallen out; the next to fall out were not told.
    for number in range(LINES_MAX):
        one.note(f"10.9.0.{number}", T0)
    assert one.note("10.8.0.1", T0 + 3600 * S) == LINES_MAX + 1


@pytest.mark.parametrize(
    ("text", "address", "who"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
    ],
)
def test_an_address_of_a_socket_is_read_and_counted(text: str, address: str, who: str) -> None:
    assert str(peer_address(text)) == address
    assert subscriber(peer_address(text)) == who


def test_nobody_is_within_no_networks_and_versions_do_not_mix() -> None:
    address = peer_address("::ffff:192.0.2.7")
    assert not is_within(address, ())
    assert not is_within(address, (ip_network("2001:db8::/32"), ip_network("198.51.100.0/24")))
    assert is_within(address, (ip_network("2001:db8::/32"), ip_network("192.0.2.0/24")))
