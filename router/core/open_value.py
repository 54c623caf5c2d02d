"""What each account has open, as running sums: a new order need not look at all the others.

Owns the sums and what each parent adds to them. Knows no prices but those of orders.
"""

from __future__ import annotations

from collections.abc import Callable

from router.core.orders import Parent

Entry = tuple[str, str, int | None, int]
"""Account, symbol, limit price, LeavesQty."""


class OpenValue:
    """Unexecuted quantity of parents by account; a fold, like the parents themselves."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._money: dict[str, int] = {}
        self._shares: dict[str, dict[str, int]] = {}
        """By account and symbol, of orders without a price: they are valued when it is asked."""

    def count(self, parent: Parent) -> None:
        """Take a parent as it is now. Call after its terms, CumQty or status have changed."""
        before = self._entries.pop(parent.parent_id, None)
        if before is not None:
            self._add(before, -1)
        if parent.leaves_qty:
            terms = parent.terms
            entry = (terms.account, terms.symbol, terms.price, parent.leaves_qty)
            self._entries[parent.parent_id] = entry
            self._add(entry, 1)

    def of(self, account: str, reference: Callable[[str], int]) -> int:
        """Money units of the account; `reference` is the price of a symbol's orders without one."""
        shares = self._shares.get(account, {})
        priced = self._money.get(account, 0)
        return priced + sum(qty * reference(symbol) for symbol, qty in shares.items())

    def accounts(self) -> set[str]:
        """Those that have, or had, something open."""
        return self._money.keys() | self._shares.keys()

    def _add(self, entry: Entry, sign: int) -> None:
        account, symbol, price, qty = entry
        if price:
            _count(self._money, account, sign * qty * price)
            return
        shares = self._shares.setdefault(account, {})
        _count(shares, symbol, sign * qty)
        if not shares:
            del self._shares[account]


def _count(sums: dict[str, int], key: str, more: int) -> None:
    """Add to a sum. What comes to nothing is not kept: there is no end to names of accounts."""
    left = sums.get(key, 0) + more
    if left:
        sums[key] = left
    else:
        sums.pop(key, None)
