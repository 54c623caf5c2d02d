"""What plug-ins are shown of the state: frozen views, and the questions that limits may ask.

Owns the translation from tables to views. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from router.core.books import Market
from router.core.environment import Environment
from router.core.orders import Parent
from router.core.state import State
from router.core.windows import Window
from router.model import Instrument, Side, VenueType
from router.ports import Kill, LimitedOrder, ParentView, SeenOrder

VERY_OLD_NS = 1 << 62
"""The age of what was never seen."""


def parent_view(parent: Parent, mid2: int = 0) -> ParentView:
    """A parent as plug-ins see it. `mid2` is twice the midpoint of now: that of the arrival, if
    nobody knew one then.
    """
    terms = parent.terms
    return ParentView(
        parent_id=parent.parent_id,
        session=parent.session,
        account=terms.account,
        symbol=terms.symbol,
        side=terms.side,
        ord_type=terms.ord_type,
        time_in_force=terms.time_in_force,
        order_qty=terms.order_qty,
        cum_qty=parent.cum_qty,
        working_qty=parent.working_qty,
        price=terms.price,
        min_qty=terms.min_qty,
        start_time=parent.start_time,
        end_time=parent.end_time,
        arrival_mid=parent.arrival_mid or mid2,
        filled_by=parent.filled_by,
        filled_by_type=parent.filled_by_type,
    )


class LimitView:
    """The LimitContext of one moment."""

    __slots__ = ("_env", "_market", "_now", "_references", "_state")

    def __init__(self, env: Environment, state: State, now: int) -> None:
        self._env = env
        self._state = state
        self._market: Market = state.market
        self._now = now
        self._references: dict[str, tuple[int, int]] = {}

    @property
    def now(self) -> int:
        """UTC nanoseconds."""
        return self._now

    def instrument(self, symbol: str) -> Instrument | None:
        """The instrument, or None if the symbol is not known."""
        return self._env.instruments.get(symbol)

    def reference_px(self, symbol: str) -> int:
        """Midpoint over the lit venues (rounded down), else the last trade, else 0."""
        return self._reference(symbol)[0]

    def reference_age_ns(self, symbol: str) -> int:
        """Age of that price; very large if there is none."""
        return self._reference(symbol)[1]

    def book_age_ns(self, symbol: str, mic: str) -> int:
        """Age of the venue's own book or quote; very large if there is none."""
        if self._env.venues[mic].venue_type is VenueType.DEALER:
            quotes = (self._market.quote(symbol, mic), self._market.answer(symbol, mic))
            live = any(each is not None and each.valid_until > self._now for each in quotes)
            return 0 if live else VERY_OLD_NS
        book = self._market.book(symbol, mic)
        if book is None or book.stale:
            return VERY_OLD_NS
        return self._now - book.updated_at

    def open_notional(self, account: str) -> int:
        """Value of unexecuted parent quantity of the account at limit or reference price, and of
        executions in suspense that name it."""
        placed = self._state.open_value.of(account, self.reference_px)
        return placed + self._state.suspense.account_values.get(account, 0)

    def suspense_notional(self, mic: str) -> int:
        """Value of the venue's executions in suspense."""
        return self._state.suspense.values.get(mic, 0)

    def suspense_count(self, mic: str) -> int:
        """What the venue has told that is in suspense."""
        return self._state.suspense.counts.get(mic, 0)

    def message_count(self, session: str, window_ns: int) -> int:
        """New orders and replaces within the window; this one, folded already, is not counted."""
        return max(0, self._within(self._state.message_times.get(session), window_ns) - 1)

    def child_count(self, mic: str, window_ns: int) -> int:
        """New children sent to the venue within the window."""
        return self._within(self._state.child_times.get(mic), window_ns)

    def execution_count(self, algo: str, symbol: str, side: Side, window_ns: int) -> int:
        """Executions of the algo on this symbol and side within the window."""
        times = self._state.execution_times.get(f"{algo}/{symbol}/{side}")
        return self._within(times, window_ns)

    def recent_orders(self, window_ns: int, like: LimitedOrder) -> Sequence[SeenOrder]:
        """Parent orders accepted within the window with the content of `like`, oldest first."""
        start = self._now - window_ns
        recent: list[SeenOrder] = []
        for seen in reversed(self._state.seen.like(like)):
            if seen.at <= start:
                break
            recent.append(seen)
        recent.reverse()
        return recent

    def kills(self) -> Sequence[Kill]:
        """The kills that hold now."""
        return tuple(self._state.kills.values())

    def _reference(self, symbol: str) -> tuple[int, int]:
        """Price and age. Several limits ask for it, and the moment does not change."""
        found = self._references.get(symbol)
        if found is None:
            found = self._references[symbol] = self._market.reference(symbol, self._now)
        return found

    def _within(self, window: Window | None, window_ns: int) -> int:
        return 0 if window is None else window.after(self._now - window_ns)


class UsersView(LimitView):
    """The LimitUsers of one moment."""

    __slots__ = ()

    def accounts(self) -> Iterable[str]:
        """Accounts that have, or had, something open."""
        return self._state.open_value.accounts() | self._state.suspense.account_values.keys()

    def sessions(self) -> Iterable[str]:
        """OMS sessions that have sent orders."""
        return tuple(self._state.message_times)

    def mics(self) -> Iterable[str]:
        """Venues."""
        return tuple(self._state.venues)

    def traders(self) -> Iterable[tuple[str, str, Side]]:
        """Algo, symbol and side of what has executed."""
        for key in self._state.execution_times:
            algo, _, rest = key.partition("/")
            symbol, _, side = rest.rpartition("/")
            yield algo, symbol, Side(side)
