"""Conditional orders of a pool: who is invited to firm up, and what a low firm-up rate costs.

Owns open invitations and each client's record. Knows nothing of prices or of how interest meets.

A conditional order is invited once: it ends when its client firms up, declines (a cancel, or other
terms) or lets the invitation expire. Meanwhile the contra is held for it; it still leaves when its
own time is over, and a firm-up that comes later than that misses.

Demotion. With r the share of a client's last `rate_window` invitations that were firmed up, and
r_min = `firm_up_rate_min`, a client with r below r_min gets an opportunity with probability
max(r / r_min, 0.05) only; else the contra is promised to somebody else, and gone for this client.
The least chance lets a client find back. (Venues demote or suspend users with a low rate; the form
of the law is a choice.)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from router.model import NS
from venues.chance import Stream
from venues.messages import OrderState
from venues.pool import ConditionalTerms, Interest

CHANCE_MIN = 0.05
"""Of a demoted client to be invited all the same."""


@dataclass(slots=True)
class Invitation:
    """A conditional order and the contra that is held for it."""

    invitation_id: str
    conditional: Interest
    contra: Interest
    qty: int
    expires_at: int

    @property
    def state(self) -> OrderState:
        """Of the conditional order."""
        assert self.conditional.state is not None
        return self.conditional.state


class Invitations:
    """The invitations of one pool."""

    def __init__(self, terms: ConditionalTerms, prefix: str, stream: Stream) -> None:
        self._terms = terms
        self._prefix = prefix
        self._stream = stream
        self._open: dict[str, Invitation] = {}
        self._answers: dict[str, deque[bool]] = {}
        self._count = 0

    def chance(self, owner: str) -> float:
        """The probability with which an opportunity reaches a client."""
        answers = self._answers.get(owner)
        least = self._terms.firm_up_rate_min
        if answers is None or len(answers) < self._terms.rate_window:
            return 1.0
        rate = sum(answers) / len(answers)
        return 1.0 if rate >= least else max(rate / least, CHANCE_MIN)

    def invite(self, conditional: Interest, contra: Interest, now: int) -> Invitation | None:
        """Hold the contra for the conditional order; None if somebody else gets it."""
        assert conditional.state is not None
        contra.held = True
        if self._stream.uniform() >= self.chance(conditional.state.order.owner):
            return None
        conditional.held = True
        self._count += 1
        invitation = Invitation(
            f"{self._prefix}-I{self._count}",
            conditional,
            contra,
            min(conditional.leaves, contra.leaves),
            now + round(self._terms.firm_up_ms / 1000 * NS),
        )
        self._open[invitation.invitation_id] = invitation
        return invitation

    def find(self, invitation_id: str) -> Invitation | None:
        """An open invitation."""
        return self._open.get(invitation_id)

    def of(self, state: OrderState) -> Invitation | None:
        """The open invitation of a conditional order."""
        return next((each for each in self._open.values() if each.state is state), None)

    def answered(self, invitation: Invitation, *, firmed: bool) -> None:
        """The client has answered, or not in time: the contra is free again."""
        del self._open[invitation.invitation_id]
        invitation.contra.held = False
        owner = invitation.state.order.owner
        window = self._terms.rate_window
        self._answers.setdefault(owner, deque(maxlen=window)).append(firmed)
