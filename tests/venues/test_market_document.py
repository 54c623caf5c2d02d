"""The market file: what is read, and that everything else is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.documents import DocumentError
from router.model import NS, VenueType
from tests.venues.simulated import MARKETS, spec_of
from venues.market import Market
from venues.market_file import kinds, read_market
from venues.messages import BookSnapshot


def problems_of(path: Path) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_market(path)
    return [line.removeprefix(str(path)) for line in caught.value.problems]


def baseline_with(folder: Path, old: str, new: str) -> Path:
    text = (MARKETS / "baseline.yaml").read_text()
    assert old in text
    path = folder / "m.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def line_of(path: Path, text: str) -> int:
    lines = path.read_text().splitlines()
    return next(n for n, line in enumerate(lines, start=1) if text in line)


def test_the_baseline_is_read_whole() -> None:
    market = Market(read_market(MARKETS / "baseline.yaml"), seed=1, start=0)
    assert market.symbol == "ACME"
    kinds_and_fees = [
        (mic, market.venue(mic).venue_type, market.venue(mic).take_fee, market.venue(mic).make_fee)
        for mic in market.mics
    ]
    assert kinds_and_fees == [
        ("LIT_A", VenueType.LIT, 300_000, -200_000),
        ("LIT_B", VenueType.LIT, 300_000, -250_000),
        ("LIT_C", VenueType.LIT, -80_000, 120_000),
        ("DARK_A", VenueType.DARK, 100_000, 100_000),
        ("DARK_B", VenueType.DARK, 100_000, 100_000),
        ("SDP_1", VenueType.DEALER, 0, 0),
        ("SDP_2", VenueType.DEALER, 0, 0),
    ]
    assert market.closes_at == 23_400 * NS


def test_every_kind_of_venue_is_found_by_its_type() -> None:
    assert {kind: spec.__module__ for kind, spec in kinds().items()} == {
        "lit": "venues.lit",
        "dark_mid": "venues.dark",
        "sdp": "venues.dealer",
    }


@pytest.mark.parametrize(
    ("old", "new", "said", "within"),
    [
        (
            "tick: 0.01",
            "tik: 0.01",
            "stock.tik: unknown key 'tik', did you mean 'tick'?; allowed: ",
            "",
        ),
        ("persistence_s: 20", "persistence: 20", "dark.persistence: unknown key 'persistence'", ""),
        (
            "type: sdp",
            "type: spd",
            "type: unknown venue type 'spd', did you mean 'sdp'?; allowed: ",
            "",
        ),
        ("decay: 0.5", "decay: 0.7", "impact.kernel.decay: ", ""),
        ("permanent_frac: 0.0", "permanent_frac: 0.1", "impact.kernel.permanent_frac: ", ""),
        ("priority: size_time", "priority: fastest", "dark.priority: ", ""),
        ("mode: symmetric", "mode: sometimes", "sdp.last_look.mode: ", ""),
        ("p_lot: 0.72", "p_lot: '0.72'", "flow.mo_size.p_lot: ", ""),
        ("applies_to: [lit_take,", "applies_to: [lit_taker,", "impact.applies_to[0]: ", ""),
        ("price: 50.00", "price: 50.005", "stock: price must be on the tick", "stock:"),
        ("mean: 195", "mean: 110", "flow.mo_size: mean is too small", "mo_size:"),
        (
            "0.080, 0.130]",
            "0.080, 0.131]",
            "session: u_shape must be positive shares that sum to 1",
            "session:",
        ),
    ],
)
def test_what_is_not_known_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, said: str, within: str
) -> None:
    path = baseline_with(tmp_path, old, new)
    (problem,) = (each for each in problems_of(path) if said in each)
    # A rule over several keys is told at the mapping that holds them.
    line = line_of(path, within or new)
    assert problem.startswith(f":{line}: ")


def test_two_venues_of_one_name_are_refused(tmp_path: Path) -> None:
    path = baseline_with(tmp_path, "id: LIT_B", "id: LIT_A")
    assert problems_of(path) == [
        f":{line_of(path, 'venues:')}: venues: two venues have the id 'LIT_A'"
    ]


def test_a_market_without_a_lit_venue_is_refused(tmp_path: Path) -> None:
    off = {f"venues.LIT_{x}.disabled": True for x in "ABC"}
    with pytest.raises(DocumentError, match="at least one lit venue"):
        spec_of(tmp_path, off)


def test_a_run_may_begin_later_than_the_session(tmp_path: Path) -> None:
    """`session.from`: `start` is then the UTC time of that time of day."""
    spec = spec_of(tmp_path, {"session.from": "15:59:00"})
    market = Market(spec, seed=1, start=1000 * NS)
    assert market.closes_at == 1060 * NS
    assert isinstance(market.snapshot("LIT_A", 1000 * NS), BookSnapshot)
