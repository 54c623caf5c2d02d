"""A reader of W and X that rebuilds a book without the project's codec."""

from __future__ import annotations

from decimal import Decimal

from router.model import PX_SCALE

Levels = tuple[tuple[int, int], ...]


class BookReader:
    """The book of one symbol as a market-data client sees it. It refuses what makes no sense."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[int, int]] = {"0": {}, "1": {}}
        self.trades: list[tuple[int, int, int]] = []
        """Price, shares, aggressor sign, which an auction does not have."""
        self.snapshots = 0

    def read(self, msg_type: str, body: str) -> None:
        """One message."""
        pairs = [field.split("=", 1) for field in body.rstrip("\x01").split("\x01")]
        tags = [tag for tag, _ in pairs]
        count = int(next(value for tag, value in pairs if tag == "268"))
        entries: list[dict[str, str]] = []
        start = tags.index("268") + 1
        for tag, value in pairs[start:]:
            if tag == tags[start]:
                entries.append({})
            entries[-1][tag] = value
        assert len(entries) == count, body
        if msg_type == "W":
            self.sides = {"0": {}, "1": {}}
            self.snapshots += 1
        for entry in entries:
            self._entry(entry, new=msg_type == "W")

    def _entry(self, entry: dict[str, str], *, new: bool) -> None:
        kind, action = entry["269"], "0" if new else entry["279"]
        px = int(Decimal(entry["270"]) * PX_SCALE)
        if kind == "2":
            aggressor = "0" if entry.get("277") == "E" else entry["5101"]
            self.trades.append((px, int(entry["271"]), int(aggressor)))
            return
        side = self.sides[kind]
        assert (px in side) == (action != "0"), f"action {action} of {px} in {side}"
        if action == "2":
            del side[px]
        else:
            side[px] = int(entry["271"])

    @property
    def levels(self) -> tuple[Levels, Levels]:
        """Bids and offers, best first."""
        bids, offers = self.sides["0"], self.sides["1"]
        return tuple(sorted(bids.items(), reverse=True)), tuple(sorted(offers.items()))
