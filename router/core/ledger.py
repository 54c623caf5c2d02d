"""What an account's decisions of a day have explored, and what that has cost: a fold of `Decide`.

Owns the sums and the two inequalities over them, of the budget and of the gate. Must not know
learners, splits or policies. A day is a UTC day, as everywhere in the core; exchanges from London
to New York have none of their hours on two of them.
"""

from __future__ import annotations

import msgspec

from router.messages import Safety
from router.model import NS

DAY_NS = 86_400 * NS

LEDGERS_MAX = 10_000
"""Accounts times days that are kept; the oldest are forgotten first."""

Key = tuple[str, int]
"""Account(1), and days since 1970-01-01 UTC."""


def key_of(account: str, now: int) -> Key:
    """Whose ledger a decision of now is entered in."""
    return account, now // DAY_NS


class Ledger(msgspec.Struct):
    """One account's day. Amounts are bp times the currency: a ten-thousandth of it each."""

    decisions: int = 0
    notional: float = 0.0
    """Of what was due in decisions, in the currency. What is decided twice counts twice."""
    explored: int = 0
    spent: float = 0.0
    credited: float = 0.0
    """The gate's left side: lower bounds of what was explored, the champion's worth elsewhere."""
    champion: float = 0.0
    """The gate's right side: the champion's worth of all decisions."""
    budget_bp: float | None = None
    """Of the last decision; None: it was not to explore."""
    held_back: dict[str, int] = {}
    """Decisions by why the learner's own proposal was not taken."""

    def affords(self, cost_bp: float, notional: float, budget_bp: float) -> bool:
        """True if the budget holds with one more decision of such a cost."""
        return self.spent + cost_bp * notional <= budget_bp * (self.notional + notional)

    def holds(
        self, credited_bp: float, champion_bp: float, notional: float, give_up: float
    ) -> bool:
        """True if the gate's inequality holds with one more decision so credited.

        sum(LCB of what was explored) + sum(champion's worth where it was played) is at least
        (1 - alpha) sum(champion's worth): Wu et al. 2016; Kazerouni et al. 2017.
        """
        credited = self.credited + credited_bp * notional
        return credited >= (1.0 - give_up) * (self.champion + champion_bp * notional)

    def left_bp(self, budget_bp: float, cost_bp: float, notional: float) -> float:
        """What one more decision of such a cost leaves of the budget, bp of the notional so far."""
        total = self.notional + notional
        return budget_bp - (self.spent + cost_bp * notional) / total if total > 0.0 else 0.0

    @property
    def spent_bp(self) -> float:
        """What exploring has cost, bp of the notional."""
        return self.spent / self.notional if self.notional > 0.0 else 0.0

    def add(self, safety: Safety) -> None:
        """Enter a decision."""
        self.decisions += 1
        self.notional += safety.notional
        if safety.explored:
            self.explored += 1
            self.spent += safety.cost_bp * safety.notional
        self.budget_bp = safety.budget_bp
        self.credited += safety.credited_bp * safety.notional
        self.champion += safety.champion_bp * safety.notional
        if safety.held_back:
            count = self.held_back.get(safety.held_back, 0)
            self.held_back = {**self.held_back, safety.held_back: count + 1}
