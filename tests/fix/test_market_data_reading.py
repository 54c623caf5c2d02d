"""What of a venue's market data and quotes becomes which event, by the wire's words."""

from __future__ import annotations

import pytest

from router.fix import from_venue
from router.fix.codec import decode
from router.fix.dialects import dialect
from router.fix.versions import VERSIONS, Version
from router.messages import MarketDataEntry, MarketDataReceived, QuoteReceived
from tests.fix.wire import T0, S, said

BID, OFFER = "279=0|269=0", "279=0|269=1"
TEN = MarketDataEntry("0", "0", 10_00000000, 100)
TWENTY = MarketDataEntry("0", "0", 20_00000000, 300)
ELEVEN = MarketDataEntry("1", "0", 11_00000000, 200)


@pytest.fixture(params=VERSIONS, ids=lambda each: each.name)
def version(request: pytest.FixtureRequest) -> Version:
    found = request.param
    assert isinstance(found, Version)
    return found


def read(text: str, version: Version) -> object:
    """What a venue's message is to the core."""
    message = decode(said(text, begin_string=version.begin_string))
    return from_venue.read("V", message, T0, "", dialect(version))


def changes(symbol: str, *entries: MarketDataEntry) -> MarketDataReceived:
    return MarketDataReceived("V", symbol, False, entries)


def test_an_increment_of_several_symbols_goes_into_the_book_of_each(version: Version) -> None:
    text = f"268=2|{BID}|55=ACME|270=10|271=100|{BID}|55=BRAVO|270=20|271=300"
    assert read(f"35=X|34=5|{text}", version) == (changes("ACME", TEN), changes("BRAVO", TWENTY))


def test_an_entry_that_names_no_symbol_is_of_the_one_before(version: Version) -> None:
    acme, bravo = f"{BID}|55=ACME|270=10|271=100", f"{BID}|55=BRAVO|270=20|271=300"
    text = f"268=4|{acme}|{OFFER}|270=11|271=200|{bravo}|{OFFER}|270=11|271=200"
    assert read(f"35=X|34=5|{text}", version) == (
        changes("ACME", TEN, ELEVEN),
        changes("BRAVO", TWENTY, ELEVEN),
    )


def test_a_symbol_that_comes_again_has_one_event_in_the_order_of_its_entries(
    version: Version,
) -> None:
    acme, bravo = f"{BID}|55=ACME|270=10|271=100", f"{BID}|55=BRAVO|270=20|271=300"
    text = f"268=4|{acme}|{bravo}|{OFFER}|55=ACME|270=11|271=200|{acme}"
    assert read(f"35=X|34=5|{text}", version) == (
        changes("ACME", TEN, ELEVEN, TEN),
        changes("BRAVO", TWENTY),
    )


@pytest.mark.parametrize(
    "text",
    [
        f"268=2|{BID}|55=ACME|270=10|271=100|{OFFER}|55=ACME|270=11|271=200",
        f"268=2|{BID}|55=ACME|270=10|271=100|{OFFER}|270=11|271=200",
        f"55=ACME|268=2|{BID}|270=10|271=100|{OFFER}|270=11|271=200",
    ],
    ids=["told twice", "told once", "told in front"],
)
def test_an_increment_of_one_symbol_is_one_event(text: str, version: Version) -> None:
    assert read(f"35=X|34=5|{text}", version) == changes("ACME", TEN, ELEVEN)


def test_a_symbol_that_comes_too_late_is_not_guessed(version: Version) -> None:
    text = f"268=2|{BID}|270=10|271=100|{BID}|55=BRAVO|270=20|271=300"
    with pytest.raises(ValueError, match="without Symbol"):
        read(f"35=X|34=5|{text}", version)


def test_who_took_is_told_of_each_trade(version: Version) -> None:
    trade = "279=0|269=2|55={}|270=10|271=100|5101={}"
    text = f"268=2|{trade.format('ACME', 1)}|{trade.format('BRAVO', -1)}"
    assert read(f"35=X|34=5|{text}", version) == (
        changes("ACME", MarketDataEntry("2", "0", 10_00000000, 100, 1)),
        changes("BRAVO", MarketDataEntry("2", "0", 10_00000000, 100, -1)),
    )


def test_an_increment_of_nothing_says_nothing(version: Version) -> None:
    assert read("35=X|34=5|268=0", version) is None


# --- quotes --------------------------------------------------------------------------------------

QUOTE = "35=S|34=5|117=Q1|{}55=ACME|132=10|133=11|134=100|135=200"


@pytest.mark.parametrize("quote_type", ["", "537=1|", "537=2|", "537=3|"])
def test_a_quote_that_may_be_hit(quote_type: str, version: Version) -> None:
    assert read(QUOTE.format(quote_type) + "|62=20260105-14:30:02", version) == QuoteReceived(
        "V", "ACME", "Q1", 10_00000000, 100, 11_00000000, 200, T0 + 2 * S
    )


def test_how_long_a_quote_is_firm_is_not_made_up(version: Version) -> None:
    event = read(QUOTE.format(""), version)
    assert isinstance(event, QuoteReceived)
    assert event.valid_until == 0


def test_an_indicative_quote_is_none(version: Version) -> None:
    with pytest.raises(from_venue.NotServedError, match="537=0"):
        read(QUOTE.format("537=0|"), version)


def test_market_data_that_is_refused_is_said(version: Version) -> None:
    with pytest.raises(from_venue.NotServedError, match="262=V-1 281=0 58=no such symbol"):
        read("35=Y|34=5|262=V-1|281=0|58=no such symbol", version)
