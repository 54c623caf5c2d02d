"""What is configured of a FIX version reaches the simulated venues and the OMS in the shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import load_settings
from router import build
from router.cli.entrance import Proof
from router.cli.send import _session
from router.cli.venues import spoken_options

MIXED = (
    "venues.LIT_A.begin_string=FIX.4.2",
    "venues.LIT_A.liquidity_flag_tag=9730",
    "venues.SDP_1.begin_string=FIXT.1.1",
    "venues.LIT_B.cod=day",
)


def test_each_simulated_venue_speaks_as_it_is_configured(tmp_path: Path) -> None:
    settings = load_settings(overrides=list(MIXED))
    assert settings.simulate is not None
    told = spoken_options(settings, settings.simulate.market)
    pairs = dict(zip(told[1::2], told[::2], strict=True))
    assert pairs["LIT_A=FIX.4.2"] == "--fix-version"
    assert pairs["LIT_A=9730"] == "--liquidity-tag"
    assert pairs["LIT_B=FIX.4.4"] == "--fix-version"
    assert pairs["SDP_1=FIX.5.0SP2"] == "--fix-version"
    assert pairs["LIT_B=day"] == "--cod"
    assert told.count("--cod") == 1, "none is what they do without being told"
    assert spoken_options(settings, tmp_path / "none.yaml") == []


def test_a_venue_that_has_no_mass_status_request_is_asked_order_by_order() -> None:
    env = build.environment(load_settings(overrides=list(MIXED)), build.families())
    asked = {mic: venue.mass_status for mic, venue in env.venues.items()}
    assert (asked["LIT_A"], asked["LIT_B"], asked["SDP_1"]) == ("H", "AF", "AF")


@pytest.mark.parametrize(
    ("begin_string", "appl_ver_id"), [("FIX.4.2", ""), ("FIX.4.4", ""), ("FIXT.1.1", "9")]
)
def test_the_oms_in_the_shell_speaks_its_sessions_version(
    begin_string: str, appl_ver_id: str
) -> None:
    settings = load_settings(overrides=[f"fix.acceptor.sessions.0.begin_string={begin_string}"])
    config = _session(settings, "", Proof("", None, None))
    assert (config.begin_string, config.default_appl_ver_id) == (begin_string, appl_ver_id)
