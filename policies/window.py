"""The time of day outside which nothing, or some tactic, is sent."""

from __future__ import annotations

from pydantic import field_validator, model_validator

from policies.kinds import DAY_NS, OneOrMore, clock_ns
from policies.tactics import TacticName
from router.ports import Candidate, Rule, RuleContext


class Window(Rule):
    """Children leave from `start` until before `end`, `HH:MM` or `HH:MM:SS` of UTC.

    With `tactics` the window binds those only.
    """

    start: str = "00:00"
    end: str = "24:00"
    tactics: OneOrMore[TacticName] | None = None

    @field_validator("start", "end")
    @classmethod
    def _is_clock(cls, value: str) -> str:
        clock_ns(value)
        return value

    @model_validator(mode="after")
    def _is_open(self) -> Window:
        if not clock_ns(self.start) < clock_ns(self.end):
            raise ValueError("the window never opens: `start` must be before `end`")
        return self

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """0 outside the window."""
        if self.tactics is not None and candidate.tactic.value not in self.tactics:
            return candidate.cap
        inside = clock_ns(self.start) <= context.now % DAY_NS < clock_ns(self.end)
        return candidate.cap if inside else 0
