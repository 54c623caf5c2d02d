"""Policy documents that are read again while the daemon runs, and what open orders have of it.

F-27: broken documents change nothing. F-28: a venue that is taken away is taken from new orders; an
open order goes on under the policy that took it, whatever is loaded, and whatever crashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from router import build
from router.core.image import image_of, take_up
from router.messages import (
    Decide,
    FreezeParent,
    OpenParent,
    PoliciesLoaded,
    PoliciesRefused,
    Restarted,
    StorageChanged,
)
from router.patience.file import write_table
from router.runtime import control, narration
from router.runtime.reloading import ERRORS_MAX
from tests.oms.desk import parts
from tests.oms.policy_desk import BASE, NO_B, PolicyDesk, policy_desk
from tests.patience.test_file import CARD

NOTHING_ABOUT_B = """\
policy: clients
version: 1
layer: client
rules:
  - id: small
    why: one at a time
    match: {account: A}
    child_max: {shares: 100}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PolicyDesk]:
    with policy_desk(tmp_path / "policies") as made:
        yield made


BOTH = {"LIT_A": ["D 1000@11 59=3"], "LIT_B": ["D 1000@11 59=3"]}
HALVES = {"LIT_A": ["D 500@11 59=3"], "LIT_B": ["D 500@11 59=3"]}
"""Of the 1000 that are left, by what both venues show."""
ONLY_A = {"LIT_A": ["D 2000@11 59=3"], "LIT_B": []}


def test_an_order_that_comes_after_it_obeys_the_new_policy(desk: PolicyDesk) -> None:
    before = desk.in_force
    desk.oms.order("X", 2000)
    assert desk.sent() == BOTH
    answer = desk.without_b()
    assert (answer["before"], answer["policy_hash"]) == (before, desk.in_force)
    assert (answer["added"], answer["removed"], answer["changed"]) == ([], [], ["firm"])
    assert answer["open_under_older"] == {before: 1}
    desk.other.order("Y", 2000, extra="1=A|")
    assert desk.sent() == ONLY_A
    hashes = [each.policy_hash for _, commands in desk.history for each in commands
              if isinstance(each, OpenParent)]  # fmt: skip
    assert hashes == [before, desk.in_force]


def test_an_open_order_goes_on_under_the_policy_that_took_it(desk: PolicyDesk) -> None:
    desk.oms.order("X", 2000)
    b = desk.b.child()
    desk.a.child().fill(1000, "11", "A1")
    desk.sent()
    desk.without_b()
    b.cancel()
    desk.wait(6)
    assert desk.sent() == HALVES
    parent = next(iter(desk.node.engine.state.parents.values()))
    assert not parent.frozen


def test_an_order_that_waits_for_its_time_is_open_too(desk: PolicyDesk) -> None:
    """It was taken under the policy, though nothing of it was decided yet."""
    desk.oms.order("X", 2000, extra="168=20260105-14:30:10|")
    assert desk.sent() == {"LIT_A": [], "LIT_B": []}
    desk.without_b()
    desk.wait(11)
    assert desk.sent() == BOTH


def test_it_is_one_event_with_a_person_a_reason_and_the_texts(desk: PolicyDesk) -> None:
    before = desk.in_force
    desk.write(NOTHING_ABOUT_B, "clients")
    desk.write(BASE.format(name="house", version=1))
    answer = desk.reload()
    (event,) = desk.told(PoliciesLoaded)
    assert (event.who, event.reason, event.before) == ("ada", "B asked", before)
    assert (event.added, event.removed, event.changed) == (("house", "clients"), ("firm",), ())
    assert answer["added"] == ["house", "clients"]
    assert [(each.name, each.text) for each in event.files.documents] == [
        ("house", (desk.folder / "firm.yaml").read_text()),
        ("clients", NOTHING_ABOUT_B),
    ]
    status = control.parse(b'{"command": "status"}')
    assert callable(status)
    policy = status(desk.node, desk.now)["policy"]
    assert policy["hash"] == desk.in_force
    assert policy["documents"] == ["house:1", "clients:1"]


def test_broken_documents_change_nothing_and_every_error_is_told(desk: PolicyDesk) -> None:
    before = desk.in_force
    desk.write(BASE.format(name="firm", version=2) + NO_B.replace("venues", "venue"))
    desk.write("policy: clients\nversion: none\n", "clients")
    answer = desk.reload()
    assert answer["policy_hash"] == before == desk.in_force
    first, second = answer["refused"]
    assert first.startswith(f"{desk.folder}/clients.yaml:2: version: ")
    assert first.endswith("valid integer")
    assert second.startswith(f"{desk.folder}/firm.yaml:9: rules[0].venue: unknown key 'venue'")
    (event,) = desk.told(PoliciesRefused)
    assert (event.who, event.reason, event.errors) == ("ada", "B asked", (first, second))
    assert desk.told(PoliciesLoaded) == []
    desk.oms.order("X", 2000)
    assert desk.sent() == BOTH


def test_documents_that_are_sound_alone_and_not_together_change_nothing(desk: PolicyDesk) -> None:
    desk.write(NO_B.join([BASE.format(name="firm", version=2), ""]))
    desk.write(
        "policy: desk\nversion: 1\nlayer: desk\nrules:\n  - id: only-b\n    why: no\n"
        "    venues: {allow: {mic: LIT_B}}\n",
        "desk",
    )
    before = desk.in_force
    (error,) = desk.reload()["refused"]
    assert "no route" in error
    assert desk.in_force == before


def test_of_many_errors_the_journal_keeps_the_first(desk: PolicyDesk) -> None:
    rules = "".join(f"  - {{id: r{i}, why: w, {'x' * 990}: 1}}\n" for i in range(150))
    desk.write(BASE.format(name="firm", version=2) + "rules:\n" + rules)
    assert len(desk.reload()["refused"]) == 150
    (event,) = desk.told(PoliciesRefused)
    assert len(event.errors) == ERRORS_MAX
    assert max(map(len, event.errors)) == 1_000


def test_the_same_again_changes_nothing_and_says_so(desk: PolicyDesk) -> None:
    desk.write("# a comment\n" + BASE.format(name="firm", version=1))
    before = len(desk.history)
    answer = desk.reload()
    assert (answer["differs"], answer["policy_hash"]) == (False, desk.in_force)
    assert len(desk.history) == before


def test_a_rehearsal_says_what_would_be_and_changes_nothing(desk: PolicyDesk) -> None:
    before, steps = desk.in_force, len(desk.history)
    desk.write(BASE.format(name="firm", version=2) + NO_B)
    answer = desk.reload(dry_run=True, who="", reason="")
    assert (answer["differs"], answer["dry_run"], answer["changed"]) == (True, True, ["firm"])
    desk.write("policy: firm\n")
    assert desk.reload(dry_run=True)["refused"] != []
    assert (desk.in_force, len(desk.history)) == (before, steps)


@pytest.mark.parametrize("missing", ["who", "reason"])
def test_without_a_person_or_a_reason_nothing_is_read(desk: PolicyDesk, missing: str) -> None:
    desk.write(BASE.format(name="firm", version=2) + NO_B)
    before = desk.in_force
    assert desk.reload(**{missing: ""}) == {"error": "it needs a named who and a reason"}
    assert desk.in_force == before


def test_while_the_disk_is_in_trouble_it_is_refused(desk: PolicyDesk) -> None:
    before = desk.in_force
    desk.control(StorageChanged("the disk is full"))
    assert "trouble: the disk is full" in desk.without_b()["error"]
    assert desk.in_force == before
    desk.control(StorageChanged(""))
    assert desk.reload()["differs"]


# -- crashes -------------------------------------------------------------------------------------


def crashed(desk: PolicyDesk) -> None:
    """kill -9, a start, and time enough to route what is open."""
    desk.kill()
    desk.boot()
    desk.open()
    desk.data_b.book()
    desk.wait(6)


def test_after_a_crash_each_order_goes_on_under_its_own(desk: PolicyDesk) -> None:
    desk.oms.order("X", 2000)
    for venue in (desk.a, desk.b):
        venue.child().cancel()
    old = desk.in_force
    desk.without_b()
    desk.other.order("Y", 2000, extra="1=A|")
    desk.a.child().cancel()
    desk.sent()
    crashed(desk)
    assert desk.told(Restarted)[-1].policies is None, "the journal has them in force"
    assert desk.sent() == {
        "LIT_A": ["D 1000@11 59=3", "D 2000@11 59=3"],
        "LIT_B": ["D 1000@11 59=3"],
    }
    parents = {each.cl_ord_id: each for each in desk.node.engine.state.parents.values()}
    assert {name: each.frozen for name, each in parents.items()} == {"X": "", "Y": ""}
    assert parents["X"].policy_hash == old


def test_files_that_were_not_reloaded_count_from_the_next_start_on(desk: PolicyDesk) -> None:
    desk.oms.order("X", 2000)
    for venue in (desk.a, desk.b):
        venue.child().cancel()
    old = desk.in_force
    desk.write(BASE.format(name="firm", version=2) + NO_B)
    desk.sent()
    crashed(desk)
    assert desk.in_force != old
    (text,) = desk.told(Restarted)[-1].policies.documents
    assert text.text == (desk.folder / "firm.yaml").read_text()
    assert desk.sent() == BOTH, "the open one goes on under the old policy"
    desk.other.order("Y", 2000, extra="1=A|")
    assert desk.sent() == ONLY_A
    crashed(desk)
    assert desk.told(Restarted)[-1].policies is None


def test_an_older_policy_outlives_many_reloads_while_an_order_is_open(desk: PolicyDesk) -> None:
    desk.oms.order("X", 2000)
    b = desk.b.child()
    desk.a.child().fill(1000, "11", "A1")
    old = desk.in_force
    hashes = []
    for version in range(2, 14):
        desk.write(BASE.format(name="firm", version=version) + NO_B)
        desk.reload()
        hashes.append(desk.in_force)
    kept = list(desk.node.engine.state.policies)
    assert kept == [old, *hashes[-8:]]
    desk.sent()
    b.cancel()
    crashed(desk)
    assert desk.sent() == HALVES


def test_going_back_is_a_reload_like_any_other(desk: PolicyDesk) -> None:
    first = desk.in_force
    desk.without_b()
    second = desk.in_force
    desk.write(BASE.format(name="firm", version=1))
    desk.reload()
    assert desk.in_force == first != second
    assert list(desk.node.engine.state.policies) == [second, first]
    desk.oms.order("X", 2000)
    assert desk.sent() == BOTH


def test_an_urgency_table_stays_with_the_orders_of_its_policy(desk: PolicyDesk) -> None:
    write_table(desk.folder / "own.json", CARD)
    band = "  urgency: {table: own.json, at_most_bp: 8.0}\n"
    desk.write(BASE.format(name="firm", version=2) + band)
    desk.reload()
    desk.oms.order("X", 2000)
    for venue in (desk.a, desk.b):
        venue.child().cancel()
    desk.write(BASE.format(name="firm", version=3))
    (desk.folder / "own.json").unlink()
    desk.reload()
    crashed(desk)
    desk.other.order("Y", 1000, extra="1=A|")
    notes = [each.urgency_note for _, commands in desk.history for each in commands
             if isinstance(each, Decide)]  # fmt: skip
    assert [note is not None and note.table.startswith("own@") for note in notes] == [
        *(True, True),  # X, at once and after the crash
        False,
    ]


def test_a_snapshot_has_what_is_in_force_and_what_open_orders_have(desk: PolicyDesk) -> None:
    desk.oms.order("X", 2000)
    desk.without_b()
    state = desk.node.engine.state
    made_of = parts(*desk.overrides)
    fresh = build.engine(made_of.env, made_of.family).state
    take_up(fresh, image_of(state))
    assert (fresh.policy_hash, fresh.policies) == (state.policy_hash, state.policies)
    assert len(fresh.policies) == 2
    assert fresh.digest() == state.digest()
    older = msgspec.msgpack.decode(image_of(state))
    del older["policy_hash"], older["policies"]
    empty = build.engine(made_of.env, made_of.family).state
    take_up(empty, msgspec.msgpack.encode(older))
    assert (empty.policy_hash, empty.policies) == ("", {}), "snapshots from before it are taken up"
    fresh.policy_hash = next(iter(fresh.policies))
    assert fresh.digest() != state.digest()


# -- deciding again ------------------------------------------------------------------------------


def test_a_history_with_reloads_and_a_crash_is_decided_again_the_same(desk: PolicyDesk) -> None:
    desk.oms.order("X", 2000)
    for venue in (desk.a, desk.b):
        venue.child().cancel()
    desk.without_b()
    desk.other.order("Y", 2000, extra="1=A|")
    desk.write("policy: firm\n")
    assert desk.reload()["refused"]
    assert not desk.without_b()["differs"]
    crashed(desk)
    desk.write(BASE.format(name="other", version=1))
    desk.reload()
    desk.other.order("Z", 1000, extra="1=A|")
    verdict = desk.decided_again()
    assert (verdict.difference, verdict.gaps) == (None, [])
    hashes = {each.policy_hash for _, commands in desk.history for each in commands
              if isinstance(each, Decide)}  # fmt: skip
    assert len(hashes) == 3
    desk.write(BASE.format(name="another", version=1))  # and whatever the files say since
    assert (desk.decided_again().difference, desk.decided_again().gaps) == (None, [])


def test_even_a_refusal_is_not_decided_under_what_cannot_be_read(desk: PolicyDesk) -> None:
    desk.oms.order("X", 0)
    assert desk.oms.heard()[-1].startswith("8 X 8/8")
    desk.write(BASE.format(name="other", version=1))
    ran = desk.in_force[:12]
    verdict = desk.decided_again(reads=False)
    assert verdict.difference is None
    assert [gap.reason for gap in verdict.gaps] == [
        f"policy {ran} ran, and cannot be read here: no more"
    ]


# -- the log -------------------------------------------------------------------------------------


def test_the_log_has_who_what_and_every_error(desk: PolicyDesk) -> None:
    before = desk.in_force
    with capture_logs() as lines:
        log = structlog.get_logger()
        desk.on_step = lambda step: narration.narrate(log, step)
        desk.without_b()
        desk.write("policy: firm\n")
        desk.reload()
    loaded, refused = (line for line in lines if line["event"].startswith("policies_"))
    assert (loaded["event"], loaded["log_level"]) == ("policies_loaded", "warning")
    keys = ("policy", "before", "changed", "who", "reason")
    assert [loaded[key] for key in keys] == [desk.in_force, before, ["firm"], "ada", "B asked"]
    assert (refused["event"], refused["log_level"]) == ("policies_refused", "error")
    assert refused["errors"][0].startswith(f"{desk.folder}/firm.yaml:1: version: required")


def test_nobody_is_frozen_by_a_reload(desk: PolicyDesk) -> None:
    desk.oms.order("X", 2000)
    desk.without_b()
    desk.wait(30)
    frozen = [c for _, commands in desk.history for c in commands if isinstance(c, FreezeParent)]
    assert frozen == []
