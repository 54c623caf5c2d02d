"""The metrics: their names, what each is taken from, and what it says.

Owns the names that alerts and dashboards use. Gauges are of the daemon's last signs, and are absent
while it is silent; counters are of the journal, from its first record on, so that a restart of the
daemon or of this process does not take them back. Failures beside the journal are counted as the
signs tell them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from router.api.counting import FALLBACKS
from router.api.disk import Disk
from router.api.exposition import Family, Kind, Labels
from router.api.following import Follower
from router.api.invariants import CHECKED
from router.api.invariants import METRIC as VIOLATIONS
from router.api.tally import JOIN, Tally
from router.api.watch import Verdict, Watch
from router.model import NS
from router.signs import JournalSigns, Signs

COUNTERS: dict[str, tuple[tuple[str, ...], str]] = {
    VIOLATIONS: (("id",), "Broken promises of docs/reliability.md that the journal shows."),
    "restarts_total": ((), "Starts of the daemon."),
    "journal_failures_total": ((), "Lives of the daemon that a failed disk has ended."),
    "chore_failures_total": (("chore",), "Snapshots and archives that were not made."),
    "fix_messages_total": (
        ("session", "direction", "msg_type"),
        "FIX messages; of those that came in, application messages only.",
    ),
    "fix_rejects_total": (
        ("session", "direction", "reason"),
        "Refusals by MsgType and reason: 3-373, j-380, 8-103, 9-102.",
    ),
    "fix_resend_requests_total": (("session", "direction"), "ResendRequest(2): gaps that we saw."),
    "fix_logons_total": (("session",), "Sessions that were logged on."),
    "fix_disconnects_total": (("session",), "Sessions that were lost or logged out."),
    "parent_orders_total": (("outcome",), "Parent orders by what became of them."),
    "child_orders_total": (("venue", "outcome"), "Child orders by what became of them."),
    "fills_total": (("venue",), "Executions that were booked and told."),
    "fills_duplicate_total": (("venue",), "Executions that came again, of the last 100,000."),
    "overfill_total": (("venue",), "Executions of more than was asked for."),
    "cod_not_kept_total": (
        ("venue",),
        "Children that outlived a session at a venue that cancels on disconnect.",
    ),
    "cod_not_said_total": (
        ("venue",),
        "Children that ended with a session at a venue that works them on.",
    ),
    "risk_rejects_total": (("limit",), "Orders that a limit refused."),
    "kills_engaged_total": (("scope",), "Kills."),
    "policy_reloads_total": ((), "Policy documents that were taken into force without a start."),
    "policy_reload_failures_total": ((), "Reloads of wrong documents: what was in force stayed."),
    "decisions_total": ((), "Decisions where to send shares."),
    "decisions_explored_total": ((), "Decisions that tried something."),
    "decisions_held_back_total": (("reason",), "Decisions whose trial was not allowed."),
    "model_fallback_total": (("reason",), "Decisions by the fallback learner."),
}
"""Metric: its labels, and what it says."""
AMOUNTS = {
    "exploration_cost_currency_total": "What exploring was expected to cost.",
    "decided_notional_currency_total": "Notional of what decisions were about.",
}
AT_ZERO: dict[str, tuple[str, ...]] = {
    VIOLATIONS: CHECKED,
    "model_fallback_total": tuple(sorted(FALLBACKS)),
    "decisions_held_back_total": ("BUDGET_SPENT", "FROZEN", "GATE", "OPTED_OUT"),
    "chore_failures_total": ("archive", "snapshot"),
}
"""Labels that are there from the start: an increase from nothing is none to Prometheus."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a scrape is made of."""

    watch: Watch
    follower: Follower
    disk: Disk
    alive: Verdict
    ready: Verdict
    now: int
    """Monotonic nanoseconds."""


def collect(scene: Scene) -> Iterator[Family]:
    """All families, in a fixed order."""
    yield _gauge("up", "1 if the daemon's loop has turned in the last 5 s.", int(scene.alive.ok))
    yield _gauge("ready", "1 if it takes new risk everywhere: /readyz.", int(scene.ready.ok))
    signs = scene.watch.signs
    if signs is not None and scene.alive.ok:
        yield from _process(signs)
        yield from _usage(signs)
        yield from _sessions(signs)
        yield from _venues(signs)
        text = "What is used of what a limit allows, by whoever uses most; 1 is all."
        yield _each("risk_utilisation_ratio", text, "limit", signs.limits.items())
        yield from _learning(signs)
        if signs.journal is not None:
            yield from _journal(signs, signs.journal)
    yield from _disk(scene.disk)
    yield from _reader(scene)
    yield from _counters(scene.follower.tally, tuple(signs.venues) if signs is not None else ())


def _gauge(name: str, text: str, value: float, labels: Labels | None = None) -> Family:
    return Family(name, "gauge", text, [(labels or {}, value)])


def _each(
    name: str, text: str, label: str, values: Iterable[tuple[str, float]], kind: Kind = "gauge"
) -> Family:
    return Family(name, kind, text, [({label: key}, value) for key, value in values])


def _process(signs: Signs) -> Iterator[Family]:
    labels = {"version": signs.version, "shard": signs.shard, "config": signs.config_hash[:12]}
    yield _gauge("build_info", "What runs.", 1, labels)
    phases = ("recovering", "reconciling", "running", "stopping")
    states = [(each, int(each == signs.phase)) for each in phases]
    yield _each("state", "1 for the phase of its life that it is in.", "phase", states)
    yield Family(
        "loop_lag_seconds", "histogram", "Lateness of a timer.", [], [({}, signs.loop_lag)]
    )
    text = "From the first byte in to the last out, by batch."
    yield Family("batch_seconds", "histogram", text, [], [({}, signs.batch)])
    text = "The same of batches that routed a new parent: an upper bound for its first child."
    yield Family("parent_to_child_seconds", "histogram", text, [], [({}, signs.parent_to_child)])
    yield _gauge("queued_inputs", "Inputs that wait for the next batch.", signs.queued)
    text = "For how long the first timer is overdue."
    yield _gauge("timers_late_seconds", text, signs.timers_late_s)
    text = "What the wall clock has gained on the daemon's clock since the start."
    yield _gauge("clock_ahead_seconds", text, signs.clock_ahead_s)
    yield _gauge("parents_open", "Parent orders that are not terminal.", signs.parents_open)
    yield _gauge("kill_switch", "Kills that hold.", len(signs.kills))
    text = "Inputs for which a child's state has no transition, since the journal's start."
    yield Family("illegal_transitions_total", "counter", text, [({}, signs.illegal_transitions)])


def _sessions(signs: Signs) -> Iterator[Family]:
    up = Family("fix_session_up", "gauge", "1 if the session is logged on.")
    wanted = Family("fix_session_wanted", "gauge", "1 in its hours, unless logged out by hand.")
    unsent = Family("fix_out_buffer_bytes", "gauge", "Bytes that wait for the peer.")
    held = Family("fix_held_messages", "gauge", "Messages that wait for a gap to be filled.")
    for name, each in signs.sessions.items():
        labels = {"session": name, "role": each.kind}
        up.samples.append((labels, int(each.logged_on)))
        wanted.samples.append((labels, int(each.wanted)))
        unsent.samples.append(({"session": name}, each.unsent))
        held.samples.append(({"session": name}, each.held))
    yield from (up, wanted, unsent, held)


def _venues(signs: Signs) -> Iterator[Family]:
    venues = signs.venues.items()
    takes = [(mic, int(each.open and each.reconciled)) for mic, each in venues]
    yield _each("venue_open", "1 if the venue takes new risk.", "venue", takes)
    unknown = [(mic, each.unknown) for mic, each in venues]
    yield _each("child_unknown", "Children whose fate is not known.", "venue", unknown)
    suspense = [(mic, each.suspense) for mic, each in venues]
    yield _each("fills_suspense", "Executions without an order of ours.", "venue", suspense)


def _learning(signs: Signs) -> Iterator[Family]:
    lessons = signs.lessons.items()
    yield _each("lessons_total", "Lessons taken.", "learner", lessons, "counter")
    yield _gauge("learner_freezes", "Freezes of learners that hold.", signs.freezes)
    text = "Learners whose model file was refused."
    yield _gauge("models_refused", text, len(signs.refused_models))
    age = Family("feature_age_seconds", "gauge", "Age of what decisions look at.")
    for symbol, seconds in signs.market_age_s.items():
        age.samples.append(({"source": "book", "symbol": symbol}, seconds))
    yield age


def _journal(signs: Signs, journal: JournalSigns) -> Iterator[Family]:
    info = {"durability": journal.durability}
    yield _gauge("journal_info", "How records are made safe.", 1, info)
    text = "From handing a batch to the disk to its answer."
    yield Family("journal_sync_seconds", "histogram", text, [], [({}, signs.sync)])
    yield _gauge("journal_offset", "seq of the last record.", journal.last_seq)
    text = "How long the sync under way has taken."
    yield _gauge("journal_syncing_seconds", text, journal.syncing_s)
    text = "1 if the disk is full and the reserve is in use."
    yield _gauge("journal_on_reserve", text, int(journal.on_reserve))
    text = "Market data records that the disk did not take, in this life of the daemon."
    dropped = Family("market_records_dropped_total", "counter", text)
    dropped.samples.append(({}, journal.market_dropped))
    yield dropped
    yield _gauge("journal_poisoned", "1 if the disk has failed.", int(bool(journal.poisoned)))


def _disk(disk: Disk) -> Iterator[Family]:
    if disk.size_bytes:
        text = "Free bytes of the disk with the state folder."
        yield _gauge("journal_free_bytes", text, disk.free_bytes)
        yield _gauge("journal_disk_bytes", "Bytes of that disk.", disk.size_bytes)


def _usage(signs: Signs) -> Iterator[Family]:
    """What the daemon can see of itself."""
    if signs.resident_bytes:
        text = "Memory that the daemon has in use."
        yield _gauge("process_resident_bytes", text, signs.resident_bytes)
    if signs.open_files_max:
        yield _gauge("process_open_files", "Descriptors of the daemon.", signs.open_files)
        text = "Descriptors that it may have."
        yield _gauge("process_open_files_max", text, signs.open_files_max)


def _reader(scene: Scene) -> Iterator[Family]:
    follower, tally = scene.follower, scene.follower.tally
    text = "Records that the counters below are of, from the journal's first."
    yield Family("reader_records_total", "counter", text, [({}, tally.records)])
    signs = scene.watch.signs
    if signs is not None and signs.journal is not None:
        behind = max(0, signs.journal.last_seq - tally.last_seq)
        yield _gauge("reader_lag_events", "By how many seq the counters lag.", behind)
    text = "1 if the journal cannot be read on."
    yield _gauge("reader_broken", text, int(bool(follower.broken)))
    text = "Since the daemon's last signs."
    yield _gauge("signs_age_seconds", text, scene.watch.silent_s(scene.now))


def _counters(tally: Tally, venues: tuple[str, ...]) -> Iterator[Family]:
    """`venues` are those that are known: their counters begin at zero."""
    for name, (labels, text) in COUNTERS.items():
        found = tally.counters.get(name, {})
        first = AT_ZERO.get(name, venues if labels == ("venue",) else () if labels else ("",))
        keys = dict.fromkeys([*first, *found])
        family = Family(name, "counter", text)
        for key in keys:
            values = key.split(JOIN) if labels else []
            family.samples.append((dict(zip(labels, values, strict=True)), found.get(key, 0)))
        yield family
    for name, text in AMOUNTS.items():
        yield Family(name, "counter", text, [({}, tally.amounts.get(name, 0.0))])
    acks = [({"venue": mic}, each) for mic, each in tally.acknowledged.items()]
    text = "From a child to the first word of it, by the daemon's clock."
    yield Family("venue_ack_seconds", "histogram", text, [], list(acks))
    text = "Our clock less SendingTime(52) of the last message, the way included."
    skews = [(name, skew / NS) for name, skew in tally.skew_ns.items()]
    yield _each("fix_sending_time_skew_seconds", text, "session", skews)
    text = "The policy in force: the beginning of its hash."
    yield _gauge("policy_info", text, 1, {"version": tally.policy_hash[:12]})
    models = [({"learner": key, "version": each[:12]}, 1.0) for key, each in tally.models.items()]
    yield Family("model_info", "gauge", "Files that learners were begun from.", list(models))
