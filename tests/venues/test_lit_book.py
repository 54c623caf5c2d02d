"""A lit venue's whole book against a model that trades one share at a time, by the rules alone."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from venues.lit_book import LitBook
from venues.matching import Dropped, Traded
from venues.unshown import LitOrder

Fill = tuple[str, str, int]
"""Maker, taker, price: of one share."""


@dataclass
class Share:
    """A resting order of the model. `display` 0 is hidden; a peg has a price only with a mid."""

    name: str
    side: int
    px: int | None
    peg: bool
    display: int
    shown: int
    behind: int
    time: int


class OneByOne:
    """First price, then displayed before hidden, then time; a used-up slice is refreshed last."""

    def __init__(self) -> None:
        self.resting: list[Share] = []
        self.mid = 0
        self.time = 0

    def price(self, each: Share) -> int | None:
        if not each.peg:
            return each.px
        within = each.px is None or each.side * self.mid <= each.side * each.px
        return self.mid if self.mid and within else None

    def meet(self, name: str, side: int, qty: int, limit: int | None) -> tuple[list[Fill], int]:
        fills: list[Fill] = []
        while qty:
            found = []
            for each in self.resting:
                px = self.price(each)
                if each.side == side or px is None:
                    continue
                if limit is None or side * px <= side * limit:
                    found.append((side * px, each.display == 0, each.time, px, each))
            if not found:
                break
            *_, px, maker = min(found, key=lambda item: item[:3])
            qty -= 1
            fills.append((maker.name, name, px))
            self.take_one(maker)
        return fills, qty

    def take_one(self, maker: Share) -> None:
        if maker.display == 0:
            maker.behind -= 1
        else:
            maker.shown -= 1
            if not maker.shown:
                maker.shown = min(maker.display, maker.behind)
                maker.behind -= maker.shown
                self.time += 1
                maker.time = self.time
        if not maker.shown and not maker.behind:
            self.resting.remove(maker)

    def enter(self, order: LitOrder) -> tuple[list[Fill], int]:
        """The fills, and what is dropped."""
        name = str(order.order_id)
        limit: int | None = order.px
        if order.pegged:
            probe = Share(name, order.side, order.px, True, 0, 0, order.qty, 0)
            limit = self.price(probe)
            fills, left = (
                self.meet(name, order.side, order.qty, limit) if limit else ([], order.qty)
            )
        else:
            fills, left = self.meet(name, order.side, order.qty, limit)
        if not left:
            return fills, 0
        if not order.rests or (order.px is None and not order.pegged):
            return fills, left
        hidden = order.pegged or order.display == 0
        display = 0 if hidden else order.display or left
        shown = min(display, left)
        self.time += 1
        self.resting.append(
            Share(name, order.side, order.px, order.pegged, display, shown, left - shown, self.time)
        )
        return fills, 0

    def move(self, mid: int) -> list[Fill]:
        self.mid = mid
        fills: list[Fill] = []
        for each in sorted((x for x in self.resting if x.peg), key=lambda x: x.time):
            limit = self.price(each)
            if each not in self.resting or limit is None:
                continue
            self.resting.remove(each)
            more, each.behind = self.meet(each.name, each.side, each.behind, limit)
            fills += more
            if each.behind:
                self.resting.append(each)
        return fills

    def levels(self, side: int) -> dict[int, int]:
        shown: dict[int, int] = {}
        for each in self.resting:
            if each.side == side and each.shown:
                assert each.px is not None
                shown[each.px] = shown.get(each.px, 0) + each.shown
        return shown


_orders = st.tuples(
    st.sampled_from((1, -1)),
    st.integers(1, 6),
    st.none() | st.integers(96, 104),
    st.sampled_from(("plain", "now", "slice", "hidden", "peg")),
)
_steps = st.lists(
    st.tuples(st.just("order"), _orders)
    | st.tuples(st.just("cancel"), st.integers(0, 40))
    | st.tuples(st.just("mid"), st.none() | st.integers(96, 104)),
    max_size=40,
)


def lit_order(name: str, side: int, qty: int, px: int | None, kind: str) -> LitOrder:
    display = {"slice": 2, "hidden": 0}.get(kind) if px is not None else None
    return LitOrder(name, side, qty, px, rests=kind != "now", display=display, pegged=kind == "peg")


@settings(max_examples=300)
@given(_steps)
def test_the_book_trades_what_the_rules_say_share_by_share(steps: list[tuple[str, object]]) -> None:
    model = OneByOne()
    book = LitBook(lambda: model.mid)
    for number, (what, detail) in enumerate(steps):
        fills: list[Fill] = []
        dropped = 0
        if what == "order":
            assert isinstance(detail, tuple)
            order = lit_order(f"o{number}", *detail)
            events = book.enter(order)
            fills, dropped = model.enter(order)
        elif what == "cancel":
            name = f"o{detail}"
            events = book.cancel(name)
            model.resting = [each for each in model.resting if each.name != name]
            assert book.open_qty(name) == 0
        else:
            assert detail is None or isinstance(detail, int)
            fills = model.move(detail or 0)
            events = book.rematch()
        traded = [event for event in events if isinstance(event, Traded)]
        got = [(str(e.maker_id), str(e.taker_id), e.px) for e in traded for _ in range(e.qty)]
        assert got == fills
        assert sum(event.qty for event in events if isinstance(event, Dropped)) == dropped
        for side in (1, -1):
            assert dict(book.depth(side, 99)) == model.levels(side)
        for each in model.resting:
            assert book.open_qty(each.name) == each.shown + each.behind
