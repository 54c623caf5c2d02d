"""Parent orders that were accepted of late, in order and by their content.

Owns the question whether an order has come before, which would otherwise look at every order of
its window. Must not know what a window is, or what is done about copies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Reversible

from router.model import Side
from router.ports import LimitedOrder, SeenOrder

Content = tuple[str, str, Side, int, int | None]


class Lookalikes:
    """The last `most` orders."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: deque[SeenOrder] = deque()
        self._alike: dict[Content, deque[SeenOrder]] = {}

    def append(self, seen: SeenOrder) -> None:
        """The newest; the oldest is forgotten if there are too many."""
        if len(self._all) >= self._most:
            self._forget(self._all.popleft())
        self._all.append(seen)
        self._alike.setdefault(_content(seen), deque()).append(seen)

    def extend(self, seen: Iterable[SeenOrder]) -> None:
        """Many, oldest first."""
        for each in seen:
            self.append(each)

    def like(self, order: LimitedOrder) -> Reversible[SeenOrder]:
        """Those of the same content, oldest first."""
        return self._alike.get(_content(order), ())

    def _forget(self, oldest: SeenOrder) -> None:
        content = _content(oldest)
        alike = self._alike[content]
        alike.popleft()
        if not alike:
            del self._alike[content]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[SeenOrder]:
        return iter(self._all)


def _content(order: SeenOrder | LimitedOrder) -> Content:
    return order.account, order.symbol, order.side, order.qty, order.price
