"""What every kind of misbehaviour keeps to: a new file of `venues.faults` is tested by this."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from router.fix.codec import Message
from tests.venues.gateway_wire import SECOND, SPEC, Wires
from tests.venues.simulated import CALM, spec_of
from venues.market import Market
from venues.misbehaviour import Misbehaviour, kinds

NEEDED: dict[str, dict[str, object]] = {"correct": {"shares_off": 30}, "slow": {"delay_ms": 700}}
"""Keys of `detail` without which a kind says nothing."""
CHANCY: dict[str, dict[str, object]] = {
    **NEEDED,
    "bust": {"prob": 0.5},
    "late_execution": {"prob": 0.5},
    "no_ack": {"prob": 0.5},
    "session_drop": {"gap_fills": True},
}
every_kind = pytest.mark.parametrize("kind", list(kinds()))


def of(kind: str, details: dict[str, dict[str, object]]) -> Misbehaviour:
    return kinds()[kind].from_document(details.get(kind, {}))


def history(kind: str | None, *traded: str) -> Wires:
    """Half a minute of orders at some venues; LIT_A misbehaves for most of it."""
    wires = Wires(spec=SPEC)
    if kind is not None:
        at, until = wires.now + SECOND, wires.now + 21 * SECOND
        wires.market.misbehaviours.start(of(kind, CHANCY), "LIT_A", at, until)
    clients = [wires.orders(mic) for mic in traded]
    for number in range(30):
        name = f"X{number}"
        side, px = (1, 50.04) if number % 2 else (2, 49.96)
        for client in clients:
            if client.conn is None:
                wires.connect(client)
            if client.conn is not None and client.session.logged_on:
                wires.order(client, name, f"54={side}|38={100 + 50 * (number % 5)}|40=2|44={px}")
                if number % 4 == 3:
                    cancel = f"11=C{number}|41={name}|55=ACME|54={side}|60=20260105-14:30:00"
                    wires.send(client, "F", cancel)
        wires.run(1)
    wires.run(5)
    return wires


def told(wires: Wires, mic: str) -> list[Message]:
    (client,) = [each for each in wires.clients.values() if each.mic == mic]
    return client.messages


@every_kind
def test_a_key_that_is_not_known_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError, match="no_such_key"):
        kinds()[kind].from_document({**NEEDED.get(kind, {}), "no_such_key": 1})


@every_kind
def test_every_key_is_explained(kind: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "market-misbehaviour.md"
    rows = [row for row in page.read_text(encoding="utf-8").splitlines() if row.startswith("|")]
    (row,) = [row for row in rows if row.startswith(f"| `{kind}` |")]
    for key in kinds()[kind].model_fields:
        assert f"`{key}`" in row, key


@every_kind
def test_when_it_is_over_a_venue_behaves(kind: str, tmp_path: Path) -> None:
    wires = Wires(spec=spec_of(tmp_path, CALM))
    what = of(kind, NEEDED)
    wires.market.misbehaviours.start(what, "LIT_A", wires.now, wires.now + SECOND)
    wires.run(3)
    client, data = wires.orders(), wires.data()
    wires.order(client, "X", "54=1|38=100|40=2|44=50.01")
    wires.run(3)
    assert client.said() == ["8 X 0/0 100/0/100", "8 X F/2 100/100/0 +100@50.01"]
    assert [px for px, _, _ in data.book.trades] == [5_001_000_000]


@every_kind
def test_no_share_is_told_twice_or_not_at_all(kind: str) -> None:
    wires = history(kind, "LIT_A")
    cum: Counter[str] = Counter()
    seen: dict[str, tuple[str, int]] = {}
    for message in told(wires, "LIT_A"):
        found = message.fields
        if message.msg_type != "8" or found["150"] not in ("F", "G", "H") or found["17"] in seen:
            continue
        if "19" in found:
            order_id, qty = seen[found["19"]]
            cum[order_id] -= qty
        seen[found["17"]] = found["37"], int(found.get("32", 0))
        cum[found["37"]] += int(found.get("32", 0))
    assert len(seen) > 5
    states = {order_id: wires.market.order_state("LIT_A", order_id) for order_id in cum}
    assert cum == {order_id: state.cum_qty for order_id, state in states.items() if state}


def test_another_venue_is_the_same_in_every_byte_whatever_is_wrong_at_one() -> None:
    behaved = [each.pairs for each in told(history(None, "LIT_B"), "LIT_B")]
    assert len(behaved) > 50
    for kind in kinds():
        misbehaved = [each.pairs for each in told(history(kind, "LIT_B"), "LIT_B")]
        assert misbehaved == behaved, kind


@pytest.mark.parametrize("kind", ["bust", "no_ack", "session_drop"])
def test_the_same_seed_makes_the_same_misbehaviour(kind: str) -> None:
    first, second = (told(history(kind, "LIT_A"), "LIT_A") for _ in range(2))
    assert [each.pairs for each in first] == [each.pairs for each in second]


def test_a_venue_that_is_not_there_cannot_misbehave() -> None:
    market = Market(SPEC, seed=1, start=0)
    with pytest.raises(KeyError):
        market.misbehaviours.start(of("reject_all", {}), "LIT_Z", 0, 1)
