"""`slow`: requests, reports and market data each take `delay_ms` more. None overtakes another."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from venues.messages import VenueMessage
from venues.misbehaviour import MS, Fault, Misbehaviour, Request, Scene


class Slow(Misbehaviour):
    """The keys of `detail`."""

    delay_ms: int = Field(gt=0)

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Slow(scene, self.delay_ms * MS)

    def lingers_ns(self) -> int:
        """Until the last that was delayed has gone: what comes after it waits for it."""
        return self.delay_ms * MS + 1


class _Slow(Fault):
    def __init__(self, scene: Scene, delay_ns: int) -> None:
        super().__init__(scene)
        self._delay_ns = delay_ns
        self._in = self._out = 0
        """When the last request reaches the venue, and the last message leaves it."""

    def asked(self, request: Request) -> None:
        self._in = self._due(self._in)
        self.scene.later(self._in, partial(self.scene.pass_on, request))

    def told(self, message: VenueMessage) -> None:
        self._out = self._due(self._out)
        self.scene.later(self._out, partial(self.scene.say, message))

    def _due(self, last: int) -> int:
        now = self.scene.now
        return max(last, now + (self._delay_ns if now < self.scene.until else 0))
