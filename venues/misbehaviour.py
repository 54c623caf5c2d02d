"""Misbehaviour of venues: what stands between a venue, which always behaves, and its clients.

Owns which misbehaviours are at work where, and the chain through which a venue's requests and
messages then go. Knows no kind of misbehaviour (each is a file of `venues.faults`), nothing of FIX
sessions, and not which access path a client takes: all of them see the same.

A venue at which nothing is wrong has no chain, and nothing of this file runs.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

import venues.faults
from router.plugin import Plugin, discover
from venues.chance import Stream
from venues.floor import Action, Floor
from venues.messages import Late, VenueMessage, VenueOrder
from venues.venue import VenueSim

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks of a venue. `act` lets the venue answer; `order` is there if it is new."""

    act: Action
    order: VenueOrder | None = None


class Scene:
    """What one fault may see and use: its venue, the clock, and the way on for what it lets pass.

    The way on leads through the faults that began later, and stays open after its own end.
    """

    __slots__ = ("_floor", "_pass_request", "_say", "amended", "mic", "stream", "until", "venue")

    def __init__(
        self,
        floor: Floor,
        venue: VenueSim,
        *,
        until: int,
        stream: Stream,
        amended: set[str],
        say: Callable[[VenueMessage], None],
        pass_request: Callable[[Request], None],
    ) -> None:
        self._floor = floor
        self._say = say
        self._pass_request = pass_request
        self.venue = venue
        self.mic = venue.mic
        self.until = until
        self.stream = stream
        self.amended = amended
        """Executions of this market, by ExecID, that were taken back or corrected: once is all."""

    @property
    def now(self) -> int:
        """The market's clock, UTC nanoseconds."""
        return self._floor.now

    @property
    def symbol(self) -> str:
        """What is traded."""
        return self._floor.facts.symbol

    @property
    def tick(self) -> int:
        """The price increment, price units."""
        return self._floor.facts.tick

    def say(self, message: VenueMessage) -> None:
        """Let a message of the venue leave now."""
        self._say(message)

    def pass_on(self, request: Request) -> None:
        """Let a request of a client reach the venue now."""
        self._pass_request(request)

    def later(self, at: int, action: Callable[[], None]) -> None:
        """Let `action` happen at `at`, after the close if need be."""
        self._floor.arrive(at, lambda _: action())

    def chosen(self, prob: float) -> bool:
        """Draw whether something of probability `prob` happens."""
        return self.stream.uniform() < prob


class Fault:
    """One misbehaviour at work. By itself it lets everything pass."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def begin(self) -> None:
        """It begins."""

    def asked(self, request: Request) -> None:
        """A request has reached the venue: `scene.pass_on` it, now or later, or do not."""
        self.scene.pass_on(request)

    def told(self, message: VenueMessage) -> None:
        """The venue says something: `scene.say` it, now or later, otherwise or more than once."""
        self.scene.say(message)

    def over(self) -> None:
        """It ends: whatever is held back without a time of its own is said now."""


class Misbehaviour(Plugin):
    """A kind of misbehaviour: its fields are the keys of `detail` in a market file's schedule."""

    @abstractmethod
    def fault(self, scene: Scene) -> Fault:
        """It at work."""

    def lingers_ns(self) -> int:
        """How long after its end it must still see what comes and goes, nanoseconds."""
        return 0


@cache
def kinds() -> Mapping[str, type[Misbehaviour]]:
    """Every misbehaviour by the name of its event, in the order of names."""
    return discover(venues.faults, Misbehaviour)  # type: ignore[type-abstract]


@dataclass(slots=True)
class _AtWork:
    number: int
    what: Misbehaviour
    fault: Fault
    over: bool = False


class Misbehaviours:
    """All misbehaviours of one market.

    Of a kind there is one at a venue at a time: a later one ends an earlier one.
    """

    def __init__(self, floor: Floor, venues: Mapping[str, VenueSim]) -> None:
        self._floor = floor
        self._venues = venues
        self._chains: dict[str, list[_AtWork]] = {}
        self._count = 0
        self._starts: dict[tuple[str, str], int] = {}
        self._amended: set[str] = set()

    def start(self, what: Misbehaviour, mic: str, now: int, until: int) -> None:
        """Let a venue misbehave from `now`, which may be to come, until `until`.

        Raises:
            KeyError: no such venue.
        """
        assert now < until, (now, until)
        venue = self._venues[mic]
        self._floor.arrive(now, lambda _: self._begin(what, venue, until))

    def asked(self, mic: str, request: Request, at: int) -> None:
        """A client's request has reached its venue."""
        chain = self._chains.get(mic)
        if chain is None:
            request.act(at)
        else:
            chain[0].fault.asked(request)

    def _begin(self, what: Misbehaviour, venue: VenueSim, until: int) -> None:
        name, mic = what.plugin_name(), venue.mic
        for each in list(self._chains.get(mic, ())):
            if each.what.plugin_name() == name:
                self._end(mic, each)
        self._count += 1
        nth = self._starts[mic, name] = self._starts.get((mic, name), 0) + 1
        scene = Scene(
            self._floor,
            venue,
            until=until,
            stream=self._floor.stream(f"{mic}/misbehaviour/{name}/{nth}"),
            amended=self._amended,
            say=partial(self._say, mic, self._count),
            pass_request=partial(self._pass_on, mic, self._count),
        )
        at_work = _AtWork(self._count, what, what.fault(scene))
        self._chains.setdefault(mic, []).append(at_work)
        self._floor.doors[mic] = partial(self._say, mic, 0)
        at_work.fault.begin()
        self._floor.arrive(until, lambda _: self._end(mic, at_work))

    def _end(self, mic: str, at_work: _AtWork) -> None:
        if at_work.over:
            return
        at_work.over = True
        at_work.fault.scene.until = self._floor.now
        at_work.fault.over()
        lingers = at_work.what.lingers_ns()
        if lingers:
            gone = self._floor.now + lingers
            self._floor.arrive(gone, lambda _: self._remove(mic, at_work.number))
        else:
            self._remove(mic, at_work.number)

    def _remove(self, mic: str, number: int) -> None:
        chain = [each for each in self._chains[mic] if each.number != number]
        if chain:
            self._chains[mic] = chain
        else:
            del self._chains[mic], self._floor.doors[mic]

    def _next(self, mic: str, number: int) -> Fault | None:
        """The first fault at work that began after the one with this number."""
        for each in self._chains.get(mic, ()):
            if each.number > number:
                return each.fault
        return None

    def _say(self, mic: str, number: int, message: VenueMessage) -> None:
        fault = self._next(mic, number)
        if fault is not None:
            fault.told(message)
        elif message.at < self._floor.now:
            self._floor.outbox.append(Late(mic, self._floor.now, message))
        else:
            self._floor.outbox.append(message)

    def _pass_on(self, mic: str, number: int, request: Request) -> None:
        fault = self._next(mic, number)
        if fault is not None:
            fault.asked(request)
        else:
            request.act(self._floor.now)
