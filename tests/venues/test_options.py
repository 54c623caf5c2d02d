"""How the simulated venues are told which FIX version each speaks."""

from __future__ import annotations

import pytest

from router.fix.versions import FIX42, FIX44, FIX50SP2
from venues.options import read_options

MICS = ("LIT_A", "LIT_B", "SDP_1")


def test_venues_speak_4_4_if_nothing_is_said() -> None:
    profiles = read_options(["--market", "m.yaml"]).profiles(MICS)
    assert [profiles[mic].version for mic in MICS] == [FIX44] * 3
    assert profiles["LIT_A"].liquidity_tag == ""


def test_what_is_said_of_one_venue_outranks_what_is_said_of_all() -> None:
    argv = ["--market", "m.yaml", "--fix-version", "LIT_B=FIX.5.0SP2", "--fix-version", "FIX.4.2"]
    argv += ["--liquidity-tag", "LIT_A=9730", "--client", "ROUTER"]
    profiles = read_options(argv).profiles(MICS)
    assert [profiles[mic].version for mic in MICS] == [FIX42, FIX50SP2, FIX42]
    assert [profiles[mic].liquidity_tag for mic in MICS] == ["9730", "", ""]
    assert profiles["SDP_1"].client == "ROUTER"


def test_each_venue_cancels_on_disconnect_as_it_is_told() -> None:
    argv = ["--market", "m.yaml", "--cod", "day", "--cod", "LIT_B=all"]
    profiles = read_options(argv).profiles(MICS)
    assert [profiles[mic].order_entry.cod for mic in MICS] == ["day", "all", "day"]
    profiles = read_options(["--market", "m.yaml"]).profiles(MICS)
    assert profiles["LIT_A"].order_entry.cod == "none"


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("--fix-version", "FIX.4.3", "'FIX.4.3' is not one of: FIX.4.2, FIX.4.4, FIX.5.0SP2"),
        ("--fix-version", "XNYS=FIX.4.2", "no venue 'XNYS'; allowed: LIT_A, LIT_B, SDP_1"),
        ("--liquidity-tag", "LIT_A=0", "a tag is a number above 0"),
        ("--liquidity-tag", "nine", "a tag is a number above 0"),
        ("--cod", "LIT_A=some", "allowed: none, day, all"),
    ],
)
def test_what_cannot_be_is_said_with_what_is_allowed(option: str, value: str, text: str) -> None:
    options = read_options(["--market", "m.yaml", option, value])
    with pytest.raises(ValueError, match=option) as error:
        options.profiles(MICS)
    assert str(error.value) == f"{option} {value}: {text}"
