"""The state as one value that can be kept and taken up again: what a snapshot holds of the core.

Owns which parts of `State` are durable, all of them, and how they are written: an image taken up
and folded on gives what folding everything gives. Books, quotes and whatever is watched are left
out: they are volatile, and empty after a restart. Decides nothing and knows no file.
"""

from __future__ import annotations

from collections import Counter, deque

import msgspec
import numpy as np

from router import messages as m
from router.core.closed import ClosedOrders
from router.core.ledger import Ledger
from router.core.lines import Line
from router.core.orders import Child, ChildStatus, Fill, Parent
from router.core.shelf import LearnerShelf
from router.core.state import QuoteAsk, State, Timer, VenueState
from router.core.suspense import SuspenseBook
from router.core.waiting import Copy, WaitingCopies
from router.core.windows import Window
from router.ports import Arrays, Kill, SeenOrder

IMAGE_VERSION = 7
"""Raise it when folding comes to something else, or a part means something else: images of another
version are not taken up, and everything is folded."""


class UnfitImage(Exception):  # noqa: N818 - says what is
    """The image cannot be taken up by this program with this configuration; it says why."""


class ArrayImage(msgspec.Struct, array_like=True):
    """One array of a learner."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes


class LearnerImage(msgspec.Struct, array_like=True):
    """A learner's state."""

    key: str
    lessons: int
    arrays: list[ArrayImage]


class Shelf(msgspec.Struct):
    """The learners."""

    learners: list[LearnerImage]
    models: dict[str, str]
    refused: dict[str, str]
    arriving: list[LearnerImage]


class Image(msgspec.Struct):
    """Everything of a `State` that a restart does not forget."""

    version: int
    epoch: int
    ids: int
    reports: int
    kill_count: int
    timer_count: int
    idle_timers: int
    illegal_transitions: int
    parents: list[Parent]
    children: list[Child]
    fills: list[Fill]
    fill_names: list[tuple[str, int]]
    """Fill keys; an amended execution stands under two."""
    cancel_ids: dict[str, str]
    client_ids: list[tuple[str, str, str]]
    requests: list[tuple[str, str, m.OrderTerms]]
    open_parents: list[str]
    closed_parents: list[str]
    resting: list[tuple[int, str]]
    closed: list[tuple[str, bytes]]
    kills: list[Kill]
    freezes: dict[str, m.FreezeLearner]
    ledgers: list[tuple[str, int, Ledger]]
    venue: dict[str, VenueState]
    lines: dict[str, Line]
    asks: dict[str, QuoteAsk]
    fill_ratio: dict[str, float]
    seen: list[SeenOrder]
    message_times: dict[str, bytes]
    child_times: dict[str, bytes]
    execution_times: dict[str, bytes]
    timers: list[Timer]
    shelf: Shelf
    trouble: str
    gone: dict[str, int]
    facts: dict[str, str]
    suspense: SuspenseBook
    copies: dict[str, Copy]
    frozen_parents: list[str]
    policy_hash: str = ""
    """Like what follows not in images from before it: a fold from there on comes to the same."""
    policies: list[m.PolicyFiles] = []
    loads: int = 0
    applied: m.Applied = m.Applied()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Image)


def image_of(state: State) -> bytes:
    """The state as bytes. Equal states have equal images."""
    fills, names = _fills(state.fills)
    image = Image(
        version=IMAGE_VERSION,
        epoch=state.epoch,
        ids=state.ids,
        reports=state.reports,
        kill_count=state.kill_count,
        timer_count=state.timer_count,
        idle_timers=state.idle_timers,
        illegal_transitions=state.illegal_transitions,
        parents=list(state.parents.values()),
        children=list(state.children.values()),
        fills=fills,
        fill_names=names,
        cancel_ids=state.cancel_ids,
        client_ids=[(*key, value) for key, value in state.by_client_id.items()],
        requests=[(*key, terms) for key, terms in state.requests.items()],
        open_parents=list(state.open_parents),
        closed_parents=list(state.closed_parents),
        resting=list(state.resting),
        closed=state.closed.items(),
        kills=list(state.kills.values()),
        freezes=state.freezes,
        ledgers=[(*key, ledger) for key, ledger in state.ledgers.items()],
        venue=state.venue,
        lines=state.lines,
        asks=state.asks,
        fill_ratio=state.fill_ratio,
        seen=list(state.seen),
        message_times=_times(state.message_times),
        child_times=_times(state.child_times),
        execution_times=_times(state.execution_times),
        timers=state.timers,
        shelf=_shelf(state.shelf),
        trouble=state.trouble,
        gone=state.gone,
        facts=state.facts,
        suspense=state.suspense,
        copies=state.copies,
        frozen_parents=list(state.frozen_parents),
        policy_hash=state.policy_hash,
        policies=list(state.policies.values()),
        loads=state.loads,
        applied=state.applied,
    )
    return _encoder.encode(image)


def take_up(state: State, data: bytes) -> None:
    """Make an empty state the one that `data` is of. A state that raises is of no further use.

    Raises:
        UnfitImage: another version wrote it, or it speaks of what is not configured.
    """
    try:
        image = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise UnfitImage(f"it is of another version: {error}") from None
    if image.version != IMAGE_VERSION:
        raise UnfitImage(f"it is of version {image.version}, not {IMAGE_VERSION}")
    state.retire(image.facts)
    foreign = [mic for mic in image.venue if mic not in state.venues]
    if foreign:
        raise UnfitImage(f"it speaks of venue {foreign[0]}, which is not configured")
    _counters(state, image)
    _orders(state, image)
    _tables(state, image)
    _learners(state.shelf, image.shelf)


def _counters(state: State, image: Image) -> None:
    state.epoch, state.ids, state.reports = image.epoch, image.ids, image.reports
    state.kill_count, state.timer_count = image.kill_count, image.timer_count
    state.idle_timers = image.idle_timers
    state.illegal_transitions = image.illegal_transitions
    state.timers = image.timers


def _orders(state: State, image: Image) -> None:
    state.parents = {each.parent_id: each for each in image.parents}
    state.children = {each.cl_ord_id: each for each in image.children}
    in_doubt = (each for each in image.children if each.status is ChildStatus.UNKNOWN)
    state.unknown = Counter(each.mic for each in in_doubt)
    state.fills = {key: image.fills[number] for key, number in image.fill_names}
    state.cancel_ids = image.cancel_ids
    state.know_names(image.client_ids)
    state.requests = {(session, name): terms for session, name, terms in image.requests}
    state.open_parents = dict.fromkeys(image.open_parents)
    state.closed_parents = deque(image.closed_parents)
    state.resting = deque(image.resting)
    state.closed = ClosedOrders(image.closed)
    for parent in image.parents:
        state.open_value.count(parent)


def _tables(state: State, image: Image) -> None:
    state.kills = {each.kill_id: each for each in image.kills}
    state.freezes = image.freezes
    state.ledgers = {(account, day): ledger for account, day, ledger in image.ledgers}
    state.venue.update(image.venue)
    state.lines.update(image.lines)
    state.trouble, state.gone, state.facts = image.trouble, image.gone, image.facts
    state.policy_hash = image.policy_hash
    state.policies = {each.hash: each for each in image.policies}
    state.loads, state.applied = image.loads, image.applied
    state.suspense, state.copies = image.suspense, WaitingCopies(image.copies)
    state.frozen_parents = dict.fromkeys(image.frozen_parents)
    state.asks = image.asks
    state.fill_ratio = image.fill_ratio
    state.seen.extend(image.seen)
    state.message_times = _windows(image.message_times)
    state.child_times = _windows(image.child_times)
    state.execution_times = _windows(image.execution_times)


def _times(windows: dict[str, Window]) -> dict[str, bytes]:
    return {key: window.kept() for key, window in windows.items()}


def _windows(kept: dict[str, bytes]) -> dict[str, Window]:
    return {key: Window(times) for key, times in kept.items()}


def _fills(fills: dict[str, Fill]) -> tuple[list[Fill], list[tuple[str, int]]]:
    """Each fill once, and under which keys it stands: what changes one changes it under all."""
    numbers: dict[int, int] = {}
    found: list[Fill] = []
    names = []
    for key, fill in fills.items():
        number = numbers.setdefault(id(fill), len(found))
        if number == len(found):
            found.append(fill)
        names.append((key, number))
    return found, names


def _shelf(shelf: LearnerShelf) -> Shelf:
    """A learner that was only asked is no history: it is left out."""
    return Shelf(
        learners=[
            LearnerImage(key, lessons, _arrays(shelf.states[key]))
            for key, lessons in sorted(shelf.versions.items())
            if lessons or key in shelf.models
        ],
        models=shelf.models,
        refused=shelf.refused,
        arriving=[
            LearnerImage(key, 0, _arrays(arrays)) for key, arrays in sorted(shelf.arriving.items())
        ],
    )


def _arrays(arrays: Arrays) -> list[ArrayImage]:
    return [
        ArrayImage(name, array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes())
        for name, array in arrays.items()
    ]


def _learners(shelf: LearnerShelf, image: Shelf) -> None:
    for each in image.learners:
        try:
            shelf.get(each.key)
        except (KeyError, ValueError):
            raise UnfitImage(f"it speaks of learner {each.key}, which there is not") from None
        shelf.states[each.key] = _array_table(each.arrays)
        shelf.versions[each.key] = each.lessons
    shelf.models.update(image.models)
    shelf.refused.update(image.refused)
    for each in image.arriving:
        shelf.arriving[each.key] = _array_table(each.arrays)


def _array_table(arrays: list[ArrayImage]) -> Arrays:
    return {
        each.name: np.frombuffer(each.data, dtype=each.dtype).reshape(each.shape).copy()
        for each in arrays
    }
