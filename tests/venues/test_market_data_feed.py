"""Market data: requests, snapshots, increments, and a reader that falls behind."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from router.fix.codec import decode, encode
from router.fix.dialects import dialect
from router.fix.dictionary import Rules, dictionary
from router.fix.versions import FIX44, FIX50SP2, VERSIONS, Version
from router.messages import MarketDataEntry
from router.model import PX_SCALE
from tests.venues.market_data_reader import BookReader
from tests.venues.simulated import at_once
from venues.market import Market
from venues.market_data import (
    BACKLOG_RESUME,
    BACKLOG_SOFT,
    CONFLATED_TRADES_MAX,
    SUBSCRIPTIONS_MAX,
    MarketDataFeed,
)
from venues.market_file import read_market
from venues.messages import BookChanged, BookSnapshot, QuoteIssued, QuoteWithdrawn
from venues.order_outbox import Answer, FieldRefused

NOW = 1_767_623_400 * 1_000_000_000  # 2026-01-05 14:30:00 UTC
MS = 1_000_000
BASELINE = Path(config.__file__).parent / "markets" / "baseline.yaml"
SUBSCRIBE = "262=R1|263=1|264=0|265=1|267=3|269=0|269=1|269=2|146=1|55=SYN"


class HandBook:
    """A market with one book that the test sets by hand."""

    def __init__(self) -> None:
        self.book = BookSnapshot(
            "LIT_A", NOW, "SYN", ((10 * PX_SCALE, 300),), ((11 * PX_SCALE, 200),)
        )
        self.asked: list[str] = []

    def snapshot(self, mic: str, now: int) -> BookSnapshot:
        return self.book

    def subscribe_quotes(self, mic: str, owner: str, now: int) -> None:
        self.asked.append(f"subscribe {owner}")

    def unsubscribe_quotes(self, mic: str, owner: str, now: int) -> None:
        self.asked.append(f"unsubscribe {owner}")


class Reader:
    """A feed and the client in front of it."""

    def __init__(self, version: Version = FIX44) -> None:
        self.market = HandBook()
        self.feed = MarketDataFeed(
            mic="LIT_A",
            symbol="SYN",
            owner="SLUICE",
            dialect=dialect(version),
            market=self.market,
        )

    def client(self, text: str, msg_type: str = "V") -> None:
        header = "34=7\x0149=SLUICE.MD\x0156=LIT_A\x01"
        message = decode(encode("FIX.4.4", msg_type, header, text.replace("|", "\x01") + "\x01"))
        self.feed.receive(message, seq=7, poss_dup=False, now=NOW)

    def said(self) -> list[str]:
        replies = self.feed.take()
        assert all(isinstance(reply, Answer) for reply in replies), replies
        return [
            f"{reply.msg_type} " + reply.body.replace("\x01", "|")
            for reply in replies
            if isinstance(reply, Answer)
        ]

    def changed(self, *entries: MarketDataEntry) -> None:
        self.feed.changed(BookChanged("LIT_A", NOW, "SYN", entries))

    def quoted(self, quote_id: str) -> None:
        issued = QuoteIssued(
            "LIT_A", NOW, "SLUICE", quote_id, "", "SYN", 10 * PX_SCALE, 5, 11 * PX_SCALE, 6, 0
        )
        self.feed.quote_issued(issued)

    def withdrawn(self, quote_id: str) -> None:
        self.feed.quote_withdrawn(QuoteWithdrawn("LIT_A", NOW, "SLUICE", quote_id, "SYN"))


SNAPSHOT = "W 262=R1|55=SYN|268=2|269=0|270=10|271=300|269=1|270=11|271=200|"
BID_CHANGED = MarketDataEntry("0", "1", 10 * PX_SCALE, 250)
TRADE = MarketDataEntry("2", "0", 10 * PX_SCALE, 50, -1)
X_TRADE = "X 262=R1|268=1|279=0|269=2|55=SYN|270=10|271=50|5101=-1|"


def test_a_subscription_is_answered_with_a_snapshot_then_increments() -> None:
    reader = Reader()
    reader.client(SUBSCRIBE)
    reader.changed(TRADE, BID_CHANGED, MarketDataEntry("1", "2", 11 * PX_SCALE, 0))
    assert reader.said() == [
        SNAPSHOT,
        X_TRADE,
        "X 262=R1|268=2|279=1|269=0|55=SYN|270=10|271=250|279=2|269=1|55=SYN|270=11|",
    ]


def test_nothing_is_told_before_a_subscription_or_after_its_end() -> None:
    reader = Reader()
    reader.changed(BID_CHANGED)
    reader.client(SUBSCRIBE)
    reader.client("262=R1|263=2|264=0|267=1|269=0|146=1|55=SYN")
    reader.changed(BID_CHANGED)
    reader.quoted("Q1")
    assert reader.said() == [SNAPSHOT]
    assert reader.market.asked == ["subscribe SLUICE", "unsubscribe SLUICE"]


def test_a_snapshot_alone_is_no_subscription() -> None:
    reader = Reader()
    reader.client(SUBSCRIBE.replace("263=1", "263=0"))
    reader.changed(BID_CHANGED)
    assert reader.said() == [SNAPSHOT]
    assert reader.market.asked == []


def test_only_the_entry_types_asked_for_are_told() -> None:
    reader = Reader()
    reader.client("262=R1|263=1|264=0|265=1|267=1|269=1|146=1|55=SYN")
    reader.changed(TRADE, BID_CHANGED)
    assert reader.said() == ["W 262=R1|55=SYN|268=1|269=1|270=11|271=200|"]


def test_an_empty_book_is_a_snapshot_without_entries() -> None:
    reader = Reader()
    reader.market.book = BookSnapshot("LIT_A", NOW, "SYN", (), ())
    reader.client(SUBSCRIBE)
    assert reader.said() == ["W 262=R1|55=SYN|268=0|"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("55=SYN", "55=OTHER"), "0"),
        (("263=1", "263=7"), "4"),
        (("264=0", "264=1"), "5"),
        (("265=1", "265=0"), "6"),
        (("269=2", "269=A"), "8"),
    ],
)
def test_a_request_that_is_not_served_gets_its_reason(change: tuple[str, str], reason: str) -> None:
    reader = Reader()
    reader.client(SUBSCRIBE.replace(*change))
    reader.changed(BID_CHANGED)
    (said,) = reader.said()
    assert said.startswith(f"Y 262=R1|281={reason}|58=")


def test_an_id_in_use_and_too_many_subscriptions_are_refused() -> None:
    reader = Reader()
    for number in range(SUBSCRIPTIONS_MAX):
        reader.client(SUBSCRIBE.replace("R1", f"R{number}"))
    reader.said()
    reader.client(SUBSCRIBE)
    reader.client(SUBSCRIBE.replace("R1", "ONE_MORE"))
    assert [said[:20] for said in reader.said()] == ["Y 262=R1|281=1|58=MD", "Y 262=ONE_MORE|281=2"]


@pytest.mark.parametrize("tag", ["262", "263", "264", "265"])
def test_a_missing_field_is_named(tag: str) -> None:
    reader = Reader()
    reader.client("|".join(part for part in SUBSCRIBE.split("|") if not part.startswith(tag)))
    (reply,) = reader.feed.take()
    assert isinstance(reply, FieldRefused)
    assert (reply.ref_seq_num, reply.reason, reply.ref_tag) == (7, 1, int(tag))


def test_orders_are_not_taken_here() -> None:
    reader = Reader()
    reader.client("11=X|55=SYN|54=1|38=100|40=1", msg_type="D")
    assert reader.said() == ["j 45=7|372=D|379=X|380=3|58=Unsupported Message Type|"]


def test_a_reader_that_is_behind_gets_the_trades_and_one_snapshot() -> None:
    reader = Reader()
    reader.client(SUBSCRIBE)
    reader.feed.backlog(BACKLOG_SOFT, NOW)
    reader.changed(BID_CHANGED)
    assert len(reader.said()) == 2, "at the bound it is not yet behind"
    reader.feed.backlog(BACKLOG_SOFT + 1, NOW)
    for _ in range(1000):
        reader.changed(TRADE, BID_CHANGED)
    reader.feed.backlog(BACKLOG_RESUME + 1, NOW)
    assert reader.said() == [], "it has not caught up yet"
    reader.feed.backlog(BACKLOG_RESUME, NOW)
    reader.changed(BID_CHANGED)
    assert reader.said() == [
        X_TRADE.replace("271=50|", "271=50000|"),
        SNAPSHOT,
        "X 262=R1|268=1|279=1|269=0|55=SYN|270=10|271=250|",
    ]


def test_what_a_reader_missed_is_told_once() -> None:
    reader = Reader()
    reader.client(SUBSCRIBE)
    for _ in range(2):
        reader.feed.backlog(BACKLOG_SOFT + 1, NOW)
        reader.changed(TRADE)
        reader.quoted("Q1")
        reader.said()
        reader.feed.backlog(0, NOW)
        assert [one[0] for one in reader.said()] == ["X", "W", "S"]
    reader.feed.backlog(BACKLOG_SOFT + 1, NOW)
    reader.feed.backlog(0, NOW)
    assert reader.said() == [SNAPSHOT]


def test_the_trades_kept_for_a_reader_that_is_behind_are_bounded() -> None:
    reader = Reader()
    reader.client(SUBSCRIBE)
    reader.feed.backlog(BACKLOG_SOFT + 1, NOW)
    for px in range(1, 10_000):
        reader.changed(MarketDataEntry("2", "0", px, 1, 1))
    reader.said()
    reader.feed.backlog(0, NOW)
    assert len(reader.said()) == CONFLATED_TRADES_MAX + 1


def test_quotes_stream_to_a_subscriber() -> None:
    reader = Reader()
    reader.client(SUBSCRIBE)
    reader.said()
    reader.quoted("Q1")
    reader.withdrawn("Q1")
    assert reader.said() == [
        "S 117=Q1|537=1|55=SYN|132=10|134=5|133=11|135=6|60=20260105-14:30:00.000|",
        "Z 117=Q1|298=1|295=1|55=SYN|",
    ]


def test_a_reader_that_is_behind_gets_the_newest_quote_only() -> None:
    reader = Reader()
    reader.client(SUBSCRIBE)
    reader.feed.backlog(BACKLOG_SOFT + 1, NOW)
    reader.said()
    reader.quoted("Q2")
    reader.withdrawn("Q2")
    reader.quoted("Q3")
    reader.quoted("Q4")
    reader.feed.backlog(0, NOW)
    assert [said[:10] for said in reader.said()] == ["W 262=R1|5", "Z 117=ALL|", "S 117=Q4|5"]


@pytest.mark.parametrize("seed", range(4))
def test_a_book_rebuilt_from_the_feed_is_the_market_s_own(seed: int) -> None:
    market = Market(at_once(read_market(BASELINE)), seed=seed, start=NOW)
    feeds = {
        mic: MarketDataFeed(
            mic=mic, symbol=market.symbol, owner="SLUICE", dialect=dialect(FIX44), market=market
        )
        for mic in market.mics
    }
    books = {mic: BookReader() for mic in market.mics}
    header = "34=7\x0149=SLUICE.MD\x0156=X\x01"
    request = SUBSCRIBE.replace("SYN", market.symbol).replace("|", "\x01") + "\x01"
    for feed in feeds.values():
        feed.receive(
            decode(encode("FIX.4.4", "V", header, request)), seq=7, poss_dup=False, now=NOW
        )
    behind = 0
    for step in range(1, 1_200):
        now = NOW + step * 250 * MS
        market.tick(now)
        for message in market.take():
            if isinstance(message, BookChanged):
                feeds[message.mic].changed(message)
        for mic, feed in feeds.items():
            if step % 100 == 7:
                feed.backlog(BACKLOG_SOFT + 1, now)
                behind += 1
            if step % 100 == 60:
                feed.backlog(0, now)
            for reply in feed.take():
                assert isinstance(reply, Answer)
                if reply.msg_type in ("W", "X"):
                    books[mic].read(reply.msg_type, reply.body)
            if step % 100 > 60:
                shown = market.snapshot(mic, now)
                assert books[mic].levels == (shown.bids, shown.offers), (seed, step, mic)
    assert behind
    assert sum(len(book.trades) for book in books.values()) > 20


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_whatever_the_feed_says_is_sound_in_its_version(version: Version) -> None:
    reader = Reader(version)
    reader.client(SUBSCRIBE)
    reader.client(SUBSCRIBE.replace("55=SYN", "55=OTHER"))
    reader.client("58=x", "B")
    reader.changed(TRADE, BID_CHANGED, MarketDataEntry("1", "2", 11 * PX_SCALE, 0))
    reader.quoted("Q2")
    reader.withdrawn("Q2")
    reader.withdrawn("")
    told = reader.said()
    assert [each.split(" ")[0] for each in told] == ["W", "Y", "j", "X", "X", "S", "Z", "Z"]
    assert ("|779=20260105-14:30:00.000|" in told[0]) == (version is FIX50SP2)
    judge = dictionary(version, Rules(validate_user_defined_fields=False))
    header = "34=1\x0149=LIT_A\x0152=20260105-14:30:00.000\x0156=SLUICE.MD\x01"
    for each in told:
        msg_type, _, body = each.partition(" ")
        frame = encode(version.begin_string, msg_type, header, body.replace("|", "\x01"))
        fault = judge.validate(decode(frame))
        assert fault is None, (fault, each)
