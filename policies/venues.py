"""Where an order may go: venues by MIC and by type."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from policies.kinds import OneOrMore
from router.ports import Candidate, Rule, RuleContext

TypeName = Literal["lit", "dark", "dealer"]


class VenueSet(BaseModel):
    """A venue belongs to it if its MIC or its type is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    mic: OneOrMore[str] | None = None
    type: OneOrMore[TypeName] | None = None

    @model_validator(mode="after")
    def _names_something(self) -> VenueSet:
        if self.mic is None and self.type is None:
            raise ValueError("a set of venues needs `mic`, `type` or both")
        return self

    def holds(self, candidate: Candidate) -> bool:
        """True if the candidate's venue is in the set."""
        named = candidate.arm.mic in (self.mic or ())
        return named or candidate.venue_type.name.lower() in (self.type or ())


class Venues(Rule):
    """Venues outside `allow`, where it is given, and venues in `deny` get nothing."""

    allow: VenueSet | None = None
    deny: VenueSet | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """0 for a venue that is not allowed or is denied."""
        if self.allow is not None and not self.allow.holds(candidate):
            return 0
        if self.deny is not None and self.deny.holds(candidate):
            return 0
        return candidate.cap

    def mics(self) -> tuple[str, ...]:
        """The MICs that the rule names, for the check that they exist."""
        return tuple(
            mic for each in (self.allow, self.deny) if each is not None for mic in each.mic or ()
        )
