"""Policy documents that are applied to open orders, which may then do only what both allow (F-28).

Every share of the expected children is worked out by hand from what the two documents say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router import build
from router.core import fold_ends
from router.core.image import image_of, take_up
from router.core.orders import ChildStatus, Parent
from router.messages import Applied, CancelChild, Decide, Disallow, FreezeParent, PoliciesLoaded
from tests.oms.desk import parts
from tests.oms.policy_desk import BASE, NO_B, PolicyDesk, policy_desk

RESTING = (
    "venues.LIT_A.tactics=[lit_make]",
    "venues.LIT_B.tactics=[lit_make]",
    "routing.slice_s=600",
)
SMALL = """\
rules:
  - id: small
    why: one at a time
    child_max: {shares: 300}
"""
NO_SWEEP = """\
policy: firm
version: 2
layer: firm
settings:
  algo: {name: twap, horizon_s: 60, interval_s: 10}
rules:
  - id: no-sweep
    why: it was too fast
    algos: [twap]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PolicyDesk]:
    """An order of 2,000 rests in halves at two venues."""
    with policy_desk(tmp_path / "policies", *RESTING) as made:
        made.data_a.book()
        made.oms.order("X", 2000, "10", extra="847=sweep|")
        assert made.sent() == {"LIT_A": ["D 1000@9 59=0"], "LIT_B": ["D 1000@9 59=0"]}
        for venue in (made.a, made.b):
            venue.child().ack()
        made.a.heard(), made.b.heard(), made.oms.heard()
        yield made


def applied(desk: PolicyDesk, more: str = NO_B, *, version: int = 2, **asked: Any) -> Any:
    """Documents are loaded, for open orders too: the answer."""
    desk.write(BASE.format(name="firm", version=version) + more)
    return desk.reload(apply_open=True, **asked)


def order(desk: PolicyDesk) -> Parent:
    return desk.node.engine.state.parents[next(iter(desk.node.engine.state.parents))]


def both_give_back(desk: PolicyDesk) -> None:
    desk.a.child().cancel()
    desk.b.child().cancel()


def commands(desk: PolicyDesk, kind: type) -> list[Any]:
    return [each for _, found in desk.history for each in found if isinstance(each, kind)]


def test_what_rests_at_a_venue_that_is_taken_away_is_taken_back(desk: PolicyDesk) -> None:
    own = desk.in_force
    answer = applied(desk)
    assert (answer["narrowed"], answer["set_free"], answer["taken_back"]) == (1, 0, 1)
    assert answer["open_under_older"] == {own: 1}
    assert (desk.a.heard(), desk.b.heard()) == ([], ["F c2"])
    desk.b.child().cancel()
    desk.wait(6)
    assert desk.sent() == {"LIT_A": ["D 1000@9 59=0"], "LIT_B": []}
    assert (order(desk).policy_hash, order(desk).narrowed_by) == (own, desk.in_force)
    assert not commands(desk, FreezeParent)


def test_it_says_by_which_clause_and_how_much_it_would_have_there(desk: PolicyDesk) -> None:
    applied(desk)
    (gone,) = commands(desk, Disallow)
    assert (gone.policy_hash, gone.cap) == (desk.in_force, 0)
    assert gone.by == f"firm/no-b ({desk.in_force[:12]})"
    assert commands(desk, CancelChild)[0].reason.startswith("the policy that was applied")
    desk.b.child().cancel()
    desk.wait(6)
    last = commands(desk, Decide)[-1]
    assert last.policy_hash == order(desk).policy_hash, "its own, as all its decisions"
    (at_b,) = [each for each in last.candidates if each.arm.startswith("LIT_B")]
    assert [(note.by, note.cap) for note in at_b.caps] == [(gone.by, 0)]


def test_children_that_are_larger_than_it_allows_are_placed_anew(desk: PolicyDesk) -> None:
    answer = applied(desk, SMALL)
    assert answer["taken_back"] == 2
    assert (desk.a.heard(), desk.b.heard()) == (["F c1"], ["F c2"])
    both_give_back(desk)
    desk.wait(6)
    sizes = {int(line.split("@")[0][2:]) for lines in desk.sent().values() for line in lines}
    assert sizes == {300}


def test_it_only_narrows(desk: PolicyDesk) -> None:
    """Of an order that was taken without venue B, documents that allow B give it nothing there."""
    desk.write(BASE.format(name="firm", version=2) + NO_B)
    desk.reload()
    desk.other.order("Y", 2000, "10", extra="1=A|")
    assert desk.sent() == {"LIT_A": ["D 2000@9 59=0"], "LIT_B": []}
    answer = applied(desk, SMALL, version=3)
    assert answer["narrowed"] == 2
    desk.a.heard(), desk.b.heard()
    for child in (*desk.a.children, *desk.b.children):
        child.cancel()
    desk.wait(6)
    state = desk.node.engine.state
    y = next(each for each in state.parents.values() if each.cl_ord_id == "Y")
    at = {(child.mic, child.qty) for child in state.children_of(y)}
    assert at == {("LIT_A", 300)}, "no B by its own, 300 at most by what was applied"


def test_the_last_that_were_applied_count_and_going_back_sets_an_order_free(
    desk: PolicyDesk,
) -> None:
    own = desk.in_force
    applied(desk)
    assert applied(desk, SMALL, version=3)["narrowed"] == 1
    assert order(desk).narrowed_by == desk.in_force
    answer = applied(desk, "", version=1)
    assert (answer["policy_hash"], answer["narrowed"], answer["set_free"]) == (own, 0, 1)
    assert order(desk).narrowed_by == ""
    both_give_back(desk)
    desk.wait(6)
    assert desk.sent() == {"LIT_A": ["D 1000@9 59=0"], "LIT_B": ["D 1000@9 59=0"]}


def test_a_reload_without_it_neither_narrows_nor_lifts(desk: PolicyDesk) -> None:
    applied(desk)
    narrowed_by = desk.in_force
    desk.write(BASE.format(name="firm", version=1))
    answer = desk.reload()
    assert "narrowed" not in answer
    assert order(desk).narrowed_by == narrowed_by
    assert desk.node.engine.state.policies.keys() >= {narrowed_by}


def test_documents_that_are_in_force_can_be_applied_later(desk: PolicyDesk) -> None:
    desk.without_b()
    assert desk.b.heard() == []
    answer = desk.reload(apply_open=True)
    assert (answer["differs"], answer["narrowed"], answer["taken_back"]) == (False, 1, 1)
    assert desk.b.heard() == ["F c2"]
    loaded = len(desk.told(PoliciesLoaded))
    again = desk.reload(apply_open=True)
    assert (again["narrowed"], again["set_free"]) == (0, 0)
    assert len(desk.told(PoliciesLoaded)) == loaded, "nothing would change"


def test_a_rehearsal_says_how_many_and_changes_nothing(desk: PolicyDesk) -> None:
    before = desk.node.engine.state.digest()
    answer = applied(desk, dry_run=True)
    assert (answer["narrowed"], answer["set_free"]) == (1, 0)
    assert "taken_back" not in answer
    assert desk.node.engine.state.digest() == before
    assert (desk.a.heard(), desk.b.heard()) == ([], [])


def test_a_child_in_doubt_is_taken_back_when_its_venue_has_spoken(desk: PolicyDesk) -> None:
    desk.b.drop()
    child = desk.node.engine.state.find_child("LIT_B", desk.b.child().cl_ord_id)
    assert child is not None
    assert child.status is ChildStatus.UNKNOWN
    answer = applied(desk)
    assert answer["taken_back"] == 1
    assert not commands(desk, CancelChild)
    desk.b.connect()
    desk.b.heard()
    desk.b.child().tell_status(extra="584=Q|912=Y|")
    assert desk.b.heard() == ["F c2"]


def test_a_venue_that_will_not_give_it_back_is_asked_again(desk: PolicyDesk) -> None:
    applied(desk)
    assert desk.b.heard() == ["F c2"]
    desk.b.child().refuse_cancel()
    assert desk.b.heard() == []
    desk.wait(3)
    assert desk.b.heard() == ["F c2"]


def test_one_that_is_set_free_is_not_asked_for_again(desk: PolicyDesk) -> None:
    own = (desk.folder / "firm.yaml").read_text()
    applied(desk)
    desk.b.child().refuse_cancel()
    desk.b.heard()
    desk.write(own)
    answer = desk.reload(apply_open=True)
    assert (answer["set_free"], answer["taken_back"]) == (1, 0)
    desk.wait(10)
    assert "F" not in "".join(desk.b.heard())


def test_documents_that_would_not_take_the_order_leave_it_nothing(desk: PolicyDesk) -> None:
    desk.write(NO_SWEEP)
    answer = desk.reload(apply_open=True)
    assert answer["taken_back"] == 2
    assert (desk.a.heard(), desk.b.heard()) == (["F c1"], ["F c2"])
    both_give_back(desk)
    desk.wait(30)
    assert desk.sent() == {"LIT_A": [], "LIT_B": []}
    by = {each.by.partition(" ")[0] for each in commands(desk, Disallow)}
    assert by == {"POLICY_INSTRUCTION_DENIED"}
    desk.oms.heard()
    desk.oms.cancel("C", "X")
    assert desk.oms.heard()[-1].startswith("8 C(X) 4/4"), "its OMS still can end it"


def test_what_is_on_its_way_to_take_something_ends_by_itself(tmp_path: Path) -> None:
    with policy_desk(tmp_path / "policies") as desk:
        desk.oms.order("X", 2000)
        assert desk.sent()["LIT_B"] == ["D 1000@11 59=3"]
        answer = applied(desk)
        assert (answer["narrowed"], answer["taken_back"]) == (1, 0)
        assert desk.b.heard() == []
        both_give_back(desk)
        desk.wait(6)
        assert desk.sent() == {"LIT_A": ["D 2000@11 59=3"], "LIT_B": []}


def test_after_a_crash_it_goes_on_narrowed_and_is_decided_again_the_same(desk: PolicyDesk) -> None:
    applied(desk)
    desk.b.child().cancel()
    for version in range(3, 14):
        desk.write(BASE.format(name="firm", version=version))
        desk.reload()
    desk.a.heard(), desk.b.heard()
    desk.kill()
    desk.boot()
    desk.open()
    desk.data_a.book()
    desk.data_b.book()
    desk.a.child().tell_status(extra="584=Q|912=Y|")
    desk.wait(6)
    assert desk.sent() == {"LIT_A": ["D 1000@9 59=0"], "LIT_B": []}
    verdict = desk.decided_again()
    assert (verdict.difference, verdict.gaps) == (None, [])


def filled(desk: PolicyDesk, name: str = "X") -> None:
    """An order is over, by an execution of 1,000 at each of its venues."""
    desk.a.child().fill(1000, "9", "A1")
    desk.b.child().fill(1000, "9", "B1")
    assert desk.oms.heard()[-1].startswith(f"8 {name} F/2")


def test_an_order_that_was_over_is_narrowed_when_a_bust_opens_it_again(desk: PolicyDesk) -> None:
    """By what was applied last, however long ago, and not by what is in force (seed 69898)."""
    first = desk.a.child()
    filled(desk)
    assert applied(desk)["narrowed"] == 0
    narrowed_by = desk.in_force
    desk.write(BASE.format(name="firm", version=1))
    desk.reload()
    desk.other.order("Y", 100, px="8.9", extra="1=Y|")  # the documents that X has are needed yet
    for version in range(3, 14):
        desk.write(BASE.format(name="firm", version=version))
        desk.reload()
    desk.sent()
    first.bust("A1", 1000, "A2")
    desk.wait(6)
    assert order(desk).narrowed_by == narrowed_by
    assert desk.sent() == {"LIT_A": ["D 1000@9 59=0"], "LIT_B": []}
    verdict = desk.decided_again()
    assert (verdict.difference, verdict.gaps) == (None, [])


def test_so_is_one_that_was_put_away(desk: PolicyDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_ends, "REST_NS", 1)
    first = desk.a.child()
    filled(desk)
    desk.wait(61)  # the last markout
    desk.data_a.book()
    desk.other.order("Y", 100, px="8.9", extra="1=Y|")
    desk.other.cancel("C", "Y")
    desk.a.child().cancel()
    assert desk.node.engine.state.closed.of_child(first.cl_ord_id)
    applied(desk)
    desk.sent()
    first.bust("A1", 1000, "A2")
    desk.wait(6)
    assert desk.sent() == {"LIT_A": ["D 1000@9 59=0"], "LIT_B": []}


def test_an_order_that_came_after_what_was_applied_is_not_narrowed_by_it(desk: PolicyDesk) -> None:
    """It is taken by wider documents, and opened again."""
    applied(desk)
    desk.write(BASE.format(name="firm", version=3))
    desk.reload()
    both_give_back(desk)
    desk.oms.cancel("C", "X")
    desk.sent(), desk.oms.heard()
    desk.oms.order("Z", 2000, "10", extra="847=sweep|1=Z|")
    assert desk.sent() == {"LIT_A": ["D 1000@9 59=0"], "LIT_B": ["D 1000@9 59=0"]}
    filled(desk, "Z")
    desk.a.child().bust("A1", 1000, "A2")
    desk.wait(6)
    assert desk.sent() == {"LIT_A": ["D 500@9 59=0"], "LIT_B": ["D 500@9 59=0"]}


def test_documents_that_narrow_nobody_yet_are_applied_to_those_that_open_again(
    desk: PolicyDesk,
) -> None:
    desk.without_b()
    filled(desk)
    answer = desk.reload(apply_open=True)
    assert (answer["differs"], answer["narrowed"]) == (False, 0)
    assert desk.told(PoliciesLoaded)[-1].apply_open
    desk.a.child().bust("A1", 1000, "A2")
    desk.wait(6)
    assert desk.sent() == {"LIT_A": ["D 1000@9 59=0"], "LIT_B": []}


def test_a_snapshot_has_it(desk: PolicyDesk) -> None:
    applied(desk)
    state = desk.node.engine.state
    made_of = parts(*desk.overrides)
    fresh = build.engine(made_of.env, made_of.family).state
    take_up(fresh, image_of(state))
    assert fresh.parents == state.parents
    assert fresh.digest() == state.digest()
    assert fresh.applied == state.applied != Applied()
    order(desk).narrowed_by = ""
    assert fresh.digest() != state.digest()
