"""The schedule of a market file: what an entry may say, and what is refused at its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.documents import DocumentError
from router.model import NS
from tests.venues.simulated import MARKETS
from venues.faults.reject_all import RejectAll
from venues.market_file import read_market
from venues.schedule import At, Entry, Filled, Halt, Happening

TEN = 10 * 3600 * NS


def entries(folder: Path, *lines: str, more: str = "") -> tuple[Entry, ...]:
    """Of a market whose first entry stands on line 5."""
    shutil.copy(MARKETS / "baseline.yaml", folder)
    path = folder / "m.yaml"
    schedule = "".join(f"  - {line}\n" for line in lines)
    path.write_text(f"id: m\nvocabulary: 1\nextends: baseline\nschedule:\n{schedule}{more}")
    return read_market(path).schedule


def problems(folder: Path, *lines: str, more: str = "") -> list[str]:
    with pytest.raises(DocumentError) as caught:
        entries(folder, *lines, more=more)
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("when", "read"),
    [
        ('at: "10:00:00"', At(TEN, TEN)),
        ("at: 10:00:00", At(TEN, TEN)),
        ("random_in: [10:00:00, 10:00:05]", At(TEN, TEN + 5 * NS)),
        ("at: {random_in: [10:00:00, 10:00:05]}", At(TEN, TEN + 5 * NS)),
        ("order_frac: 0.25", Filled(0.25)),
        ("at: {order_frac: 1}", Filled(1.0)),
    ],
)
def test_an_entry_begins_at_a_time_between_two_or_with_the_parent(
    tmp_path: Path, when: str, read: At | Filled
) -> None:
    (entry,) = entries(tmp_path, f"{{{when}, set: {{stock.sigma_day_bp: 300}}}}")
    assert (entry.when, entry.duration, entry.happening) == (read, None, None)
    assert [(change.path, change.value) for change in entry.changes] == [
        ("stock.sigma_day_bp", 300)
    ]


def test_an_event_is_read_with_its_detail(tmp_path: Path) -> None:
    found = entries(
        tmp_path,
        "{at: 10:00:00, event: reject_all, venue: LIT_B, duration_s: 0.5,"
        " detail: {ord_rej_code: 5}}",
        "{at: 11:00:00, event: halt, duration_s: 60}",
    )
    assert [(entry.happening, entry.duration) for entry in found] == [
        (Happening("reject_all", "LIT_B", RejectAll(ord_rej_code=5)), NS // 2),
        (Happening("halt", "", Halt()), 60 * NS),
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{set: {stock.adv: 1}}", ": needs one of at, order_frac, random_in, and only one"),
        ("{at: 10:00:00, order_frac: 0.5, set: {stock.adv: 1}}", ": needs one of at, order_frac"),
        ("{at: 10:00:00}", ": needs set, event or both"),
        (
            "{at: 09:29:59, set: {stock.adv: 1}}",
            ".at: must lie in the session, 09:30:00 to 16:00:00",
        ),
        ("{at: 16:00:00, set: {stock.adv: 1}}", ".at: must lie in the session"),
        ("{at: 10:61:00, set: {stock.adv: 1}}", ".at: string should match pattern"),
        ("{random_in: [11:00:00, 10:00:00], set: {stock.adv: 1}}", ".random_in: must lie in the"),
        ("{order_frac: 1.1, set: {stock.adv: 1}}", ".order_frac: input should be less than or"),
        ("{order_frac: 0, set: {stock.adv: 1}}", ".order_frac: input should be greater than 0"),
        (
            "{at: 10:00:00, sets: {}}",
            ".sets: unknown key 'sets', did you mean 'set'?; allowed: at, ",
        ),
        (
            "{at: 10:00:00, event: md_stael, venue: LIT_A}",
            ".event: unknown event 'md_stael', did you",
        ),
        ("{at: 10:00:00, event: md_stale}", ": the event md_stale needs a venue"),
        ("{at: 10:00:00, event: md_stale, venue: LIT_Z}", ".venue: unknown venue 'LIT_Z'"),
        (
            "{at: 10:00:00, event: halt, venue: LIT_A, duration_s: 1}",
            ".venue: a halt is of the whole",
        ),
        ("{at: 10:00:00, event: halt}", ": a halt needs duration_s"),
        (
            "{at: 10:00:00, event: no_ack, venue: LIT_A, duration_s: 0}",
            ".duration_s: input should be",
        ),
        ("{at: 10:00:00, set: {stock.adv: 1}, venue: LIT_A}", ".venue: belongs to an event"),
        ("{at: 10:00:00, set: {stock.adv: 1}, detail: {a: 1}}", ".detail: belongs to an event"),
        (
            "{at: 10:00:00, event: no_ack, venue: LIT_A, detail: {alive: true}}",
            ".detail.alive: unknown key 'alive'; allowed: fills_reported_late, orders",
        ),
    ],
)
def test_an_entry_that_says_too_little_or_too_much_is_refused(
    tmp_path: Path, entry: str, said: str
) -> None:
    assert problems(tmp_path, entry)[0].startswith(f"m.yaml:5: schedule[0]{said}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "stock.price: 51",
            "stock.price: cannot change during a run: it is where the price starts",
        ),
        (
            "stock.tick: 0.05",
            "stock.tick: cannot change during a run: resting orders are on the tick",
        ),
        (
            "session.end: 15:00:00",
            "session.end: cannot change during a run; what can: stock, flow, ",
        ),
        ("adversary.enabled: true", "adversary.enabled: cannot change during a run; what can: "),
        ("inaccessible_volume_share: 0", "inaccessible_volume_share: cannot change during a run"),
        (
            "venues.LIT_A.disabled: true",
            "venues[0].disabled: cannot change during a run: a venue is",
        ),
        (
            "venues.LIT_A.id: LIT_Q",
            "venues[0].id: cannot change during a run: a venue keeps its name",
        ),
        ("venues.LIT_A.type: sdp", "venues[0].type: input should be 'lit'"),
        (
            "venues.LIT_A.recording: {file: a.csv, format: lobster}",
            "venues[0].recording: cannot change during a run: a recording is played from the start",
        ),
        ("venues.LIT_Z.fees.take: 0", "venues.LIT_Z.fees.take: unknown id in venues 'LIT_Z'"),
        ("venues.LIT_D: {id: LIT_D, type: lit}", "venues: a venue is there for the whole run"),
        ("venues: []", "venues: a venue is there for the whole run"),
        ("stock.sigma_day_bp: -1", "stock.sigma_day_bp: input should be greater than 0"),
        ("stock.sigma: 1", "stock.sigma: unknown key 'sigma'"),
        ("flow.mo_size.mean: 110", "flow.mo_size: mean is too small"),
        ("venues.DARK_A.dark.p_one: 1", "venues[3].dark.p_one: unknown key 'p_one'"),
        ("venues.SDP_1.sdp.last_look.mode: 3", "venues[5].sdp.last_look.mode: "),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_the_reason(
    tmp_path: Path, change: str, said: str
) -> None:
    found = problems(tmp_path, f"at: 10:00:00\n    set:\n      {change}")
    assert found[0].startswith(f"m.yaml:7: {said}")


def test_every_problem_of_every_entry_is_told(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "{at: 10:00:00, set: {stock.price: 1, flow.clustering_cv: 0}}",
        "{at: 10:00:00, set: {impact.kernel.Y: -1}}",
    )
    assert [problem.split(": ")[:2] for problem in found] == [
        ["m.yaml:5", "stock.price"],
        ["m.yaml:5", "flow.clustering_cv"],
        ["m.yaml:6", "impact.kernel.Y"],
    ]


def test_two_entries_that_spoil_one_another_are_refused(tmp_path: Path) -> None:
    """With p_lot 0.9 the mean must be at least (0.9 + 0.1 x 2) lots = 110 shares; with 0.5, 150."""
    found = problems(
        tmp_path,
        "{at: 10:00:00, set: {flow.mo_size: {lot: 100, p_lot: 0.9, mean: 120, tail_alpha: 2.0}}}",
        "{at: 11:00:00, duration_s: 60, set: {flow.mo_size.p_lot: 0.5}}",
    )
    (problem,) = found
    assert problem.startswith("m.yaml:6: flow.mo_size: mean is too small")
    assert problem.endswith("/m.yaml:5 is in force)")


@pytest.mark.parametrize(
    "change",
    ["flow.updates_per_mo: 3", "stock.touch_depth_over_mo: 1", "impact.level_no_refill_prob: 0"],
)
def test_where_every_lit_venue_plays_a_recording_there_is_no_flow_to_change(
    tmp_path: Path, change: str
) -> None:
    for name in ("baseline.yaml", "recorded.yaml", "acme_sample_message.csv"):
        shutil.copy(MARKETS / name, tmp_path)
    path = tmp_path / "m.yaml"
    entry = f"{{at: 09:45:00, set: {{{change}}}}}"
    path.write_text(f"id: m\nvocabulary: 1\nextends: recorded\nschedule:\n  - {entry}\n")
    with pytest.raises(DocumentError, match=r"m\.yaml:5: .*every lit venue plays a recording"):
        read_market(path)


def test_an_extended_market_s_entry_is_blamed_in_its_own_file(tmp_path: Path) -> None:
    entries(tmp_path, "{at: 10:00:00, set: {flow.mo_size.mean: 160}}")
    path = tmp_path / "n.yaml"
    path.write_text("id: n\nvocabulary: 1\nextends: m\nset:\n  flow.mo_size.p_lot: 0.2\n")
    with pytest.raises(DocumentError) as caught:
        read_market(path)
    # 0.2 + 0.8 x 2 lots = 180 shares are needed: 195 is enough, the entry's 160 is not.
    assert caught.value.problems[0].startswith(f"{tmp_path}/m.yaml:5: flow.mo_size: mean is too")


def test_a_venue_that_does_not_exist_in_this_market_can_have_no_event(tmp_path: Path) -> None:
    entry = "{at: 10:00:00, event: md_stale, venue: LIT_B}"
    more = "set: {venues.LIT_B.disabled: true}\n"
    assert problems(tmp_path, entry, more=more)[0].startswith(
        "m.yaml:5: schedule[0].venue: unknown"
    )


@pytest.mark.parametrize("text", ["schedule: 3\n", "schedule: [3]\n", "schedule: {at: 1}\n"])
def test_a_schedule_is_a_list_of_entries(tmp_path: Path, text: str) -> None:
    shutil.copy(MARKETS / "baseline.yaml", tmp_path)
    path = tmp_path / "m.yaml"
    path.write_text(f"id: m\nvocabulary: 1\nextends: baseline\n{text}")
    with pytest.raises(DocumentError, match=r"m\.yaml:4: schedule"):
        read_market(path)
