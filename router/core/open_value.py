"""What each account has open, as running sums: a new order need not look at all the others.

Owns the sums and what each parent adds to them. Knows no prices but those of orders.
"""

from __future__ import annotations

from collections.abc import Callable

from router.core.orders import Parent

Entry = tuple[str, str, int | None, int, int]
"""Account, symbol, limit price, LeavesQty, midpoint at arrival."""


class OpenValue:
    """Unexecuted quantity of parents by account; a fold, like the parents themselves."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._money: dict[str, int] = {}
        self._shares: dict[str, dict[str, int]] = {}
        """By account and symbol, of orders without a price: they are valued when it is asked."""
        self._at_arrival: dict[str, dict[str, int]] = {}
        """Their value when they came: it counts while there is no other price, after a restart."""

    def count(self, parent: Parent) -> None:
        """Take a parent as it is now. Call after its terms, CumQty or status have changed."""
        before = self._entries.pop(parent.parent_id, None)
        if before is not None:
            self._add(before, -1)
        if parent.leaves_qty:
            terms = parent.terms
            arrival_px = parent.arrival_mid // 2
            entry = (terms.account, terms.symbol, terms.price, parent.leaves_qty, arrival_px)
            self._entries[parent.parent_id] = entry
            self._add(entry, 1)

    def of(self, account: str, reference: Callable[[str], int]) -> int:
        """Money units of the account; `reference` is the price of a symbol's orders without one, or
        0 if nobody knows it now.
        """
        shares, at_arrival = self._shares.get(account, {}), self._at_arrival.get(account, {})
        priced = self._money.get(account, 0)
        return priced + sum(
            qty * reference(symbol) or at_arrival.get(symbol, 0) for symbol, qty in shares.items()
        )

    def accounts(self) -> set[str]:
        """Those that have, or had, something open."""
        return self._money.keys() | self._shares.keys()

    def _add(self, entry: Entry, sign: int) -> None:
        account, symbol, price, qty, arrival_px = entry
        if price:
            _count(self._money, account, sign * qty * price)
            return
        _count_in(self._shares, account, symbol, sign * qty)
        _count_in(self._at_arrival, account, symbol, sign * qty * arrival_px)


def _count_in(sums: dict[str, dict[str, int]], account: str, symbol: str, more: int) -> None:
    of_account = sums.setdefault(account, {})
    _count(of_account, symbol, more)
    if not of_account:
        del sums[account]


def _count(sums: dict[str, int], key: str, more: int) -> None:
    """Add to a sum. What comes to nothing is not kept: there is no end to names of accounts."""
    left = sums.get(key, 0) + more
    if left:
        sums[key] = left
    else:
        sums.pop(key, None)
