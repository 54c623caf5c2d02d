"""All policy documents together: what they say of one order, and why.

Owns precedence: narrowing statements all apply, a setting has the value of the lowest layer and
there of the most specific match. Knows nothing of what a rule does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, Self

from config.documents import DocumentError, content
from policies import exploration
from policies.check import Finding, contradictions, examine
from policies.document import (
    EXCLUSIVE,
    LAYERS,
    OPTIONAL,
    SETTINGS,
    Clause,
    FindTable,
    Known,
    Policy,
    Setting,
    read,
)
from policies.match import Facts, OrderFacts, Value, missed, values_of
from router.model import Exploration, Instrument, OrdType, Side, Venue
from router.ports import Algo, Learner, Refusal, Rule, Urgency

DOCUMENTS_MAX = 256
RESOLVED_MAX = 1024
"""Policies that are kept once they were put together; an order may name any algo."""

Held = tuple[bool, ...]
Told = tuple[str, bool, Held, Held, Held]
"""Algo, whether the order has named it, and which conditions hold: before an algo is settled on,
and after that for settings and for narrowing statements."""


class Terms(Protocol):
    """What a policy reads of a client's order."""

    @property
    def symbol(self) -> str:
        """Symbol(55)."""

    @property
    def side(self) -> Side:
        """Side(54)."""

    @property
    def order_qty(self) -> int:
        """OrderQty(38), shares."""

    @property
    def ord_type(self) -> OrdType:
        """OrdType(40)."""

    @property
    def account(self) -> str:
        """Account(1)."""

    @property
    def algo(self) -> str:
        """TargetStrategy(847), or empty."""


@dataclass(frozen=True, slots=True)
class ResolvedPolicy:
    """What the documents say of one order."""

    name: str
    """`document:version` of every document that speaks of the order, joined with `+`."""
    hash: str
    """The book's identity."""
    rules: tuple[tuple[str, Rule], ...]
    """With the id of the clause, `document/id`, in the order of ids."""
    algo: str
    algo_params: Mapping[str, object]
    learner: str
    learner_params: Mapping[str, object]
    allowed_algos: tuple[str, ...]
    urgency: Urgency | None = None
    """With the table's SHA-256 in the place of its name."""
    exploration: Exploration = exploration.DEFAULT


class PolicyBook:
    """The loaded documents. They are consistent: a book that is not cannot be loaded."""

    def __init__(
        self,
        policies: Sequence[Policy],
        known: Known,
        venues: Sequence[Venue],
        default_learner: Setting | None = None,
    ) -> None:
        self.policies = tuple(sorted(policies, key=lambda each: (each.layer, each.name)))
        self.clauses = tuple(
            sorted(
                (clause for policy in self.policies for clause in policy.clauses),
                key=lambda clause: clause.clause_id,
            )
        )
        self.hash = hashlib.sha256(b"\n".join(each.canonical for each in self.policies)).hexdigest()
        self._known = known
        self._venues = tuple(venues)
        self._default_learner = default_learner
        self._conditions = tuple(
            found for each in self.clauses if (found := each.match.conditions())
        )
        """Of the clauses that do not speak of every order."""
        self._resolved: dict[Told, ResolvedPolicy | Refusal] = {}

    @classmethod
    def load(
        cls,
        paths: Sequence[str | Path],
        rule_types: Mapping[str, type[Rule]],
        algos: Mapping[str, type[Algo]],
        learners: Mapping[str, type[Learner]],
        venues: Sequence[Venue],
        symbols: Collection[str],
        default_learner: Setting | None = None,
        find_table: FindTable | None = None,
    ) -> Self:
        """Read files, and folders of `*.yaml`, and check them alone and together.

        `default_learner` scores where no document names a learner; `find_table` knows the urgency
        tables that documents may name.

        Raises:
            DocumentError: one line for everything that is wrong; warnings are not.
        """
        known = Known(
            rule_types=rule_types,
            algos=algos,
            learners=learners,
            mics=tuple(venue.mic for venue in venues),
            symbols=tuple(sorted(symbols)),
            find_table=find_table,
        )
        policies = _read([partial(_from_file, path, known) for path in _files(paths)])
        book = cls(policies, known, venues, default_learner)
        wrong = [str(found) for found in book.check() if found.severity == "error"]
        if wrong:
            raise DocumentError(wrong)
        return book

    @classmethod
    def of(
        cls,
        texts: Iterable[tuple[str, str]],
        known: Known,
        venues: Sequence[Venue],
        default_learner: Setting | None = None,
    ) -> Self:
        """Make the book again of documents that were in force: path and text of each.

        What they say together was checked when they were loaded, and is not checked again.

        Raises:
            DocumentError: one says what there is no more.
        """
        read = [partial(_from_text, path, text, known) for path, text in texts]
        return cls(_read(read), known, venues, default_learner)

    def choose(
        self, session: str, terms: Terms, instrument: Instrument, now: int, ref_px: int
    ) -> ResolvedPolicy | Refusal:
        """What the documents say of an order that arrives now; `ref_px` of 0 is not known."""
        return self.resolve(
            OrderFacts(
                session=session,
                account=terms.account,
                symbol=terms.symbol,
                side=terms.side,
                ord_type=terms.ord_type,
                qty=terms.order_qty,
                algo=terms.algo,
                adv=instrument.adv,
                notional=terms.order_qty * ref_px if ref_px > 0 else None,
                now=now,
            )
        )

    def resolve(self, facts: Facts) -> ResolvedPolicy | Refusal:
        """The same for facts; a Refusal if the order asks for what it may not have.

        All that facts are asked is whether conditions hold. Where the same ones do, the documents
        say the same, and say it but once.
        """
        before = values_of(facts)
        algo = facts.algo or self._default_algo(before)
        values = {**before, "algo": algo}
        told: Told = (
            algo,
            bool(facts.algo),
            self._held(before, unknown_holds=False),
            self._held(values, unknown_holds=False),
            self._held(values, unknown_holds=True),
        )
        found = self._resolved.get(told)
        if found is None:
            if len(self._resolved) >= RESOLVED_MAX:
                self._resolved.clear()
            found = self._read_out(algo, before, values, by_order=bool(facts.algo))
            self._resolved[told] = found
        return found

    def _held(self, values: Mapping[str, Value], *, unknown_holds: bool) -> Held:
        return tuple(
            not missed(each, values, unknown_holds=unknown_holds) for each in self._conditions
        )

    def _default_algo(self, values: Mapping[str, Value]) -> str:
        chosen = self._setting("algo", values)
        assert chosen is not None, "a book without a default algo does not load"
        return chosen[1].name

    def _read_out(
        self, algo: str, before: Mapping[str, Value], values: Mapping[str, Value], *, by_order: bool
    ) -> ResolvedPolicy | Refusal:
        speaking = list(self._speaking(values))
        allowed, denied_by = self._allowed(speaking, algo)
        if denied_by:
            return _denied(algo, denied_by, by_order=by_order)
        found = self._setting("learner", values)
        learner = self._default_learner if found is None else found[1]
        assert learner is not None, "a book without a default learner does not load"
        return ResolvedPolicy(
            name=self._name(speaking),
            hash=self.hash,
            rules=tuple((each.clause_id, rule) for each in speaking for rule in each.rules),
            algo=algo,
            algo_params=self._algo_params(algo, before),
            learner=learner.name,
            learner_params=learner.params,
            allowed_algos=allowed,
            urgency=_urgency(self._setting("urgency", values)),
            exploration=self._exploration(values),
        )

    @property
    def learners(self) -> tuple[Setting, ...]:
        """Every learner that may route some order, or be its champion; the default first."""
        named = [each.settings["learner"] for each in self.clauses if "learner" in each.settings]
        said = [
            exploration.champion(each.settings["exploration"].params)
            for each in self.clauses
            if "exploration" in each.settings
        ]
        named += [Setting(name, params) for name, params in said if name]
        found = [self._default_learner] if self._default_learner is not None else []
        for each in named:
            if each not in found:
                found.append(each)
        return tuple(found)

    def check(self) -> list[Finding]:
        """Everything that can be said against the documents without an order, errors first."""
        found = [*contradictions(self.clauses), *self._defaults()]
        if not found:
            found = examine(self.clauses, self._known, self._venues, self._algo_of)
        return sorted(found, key=lambda each: (each.severity, each.place, each.text))

    def explain(self, facts: Facts) -> str:
        """Which value holds for an order, which clause says so in which line, and what lost."""
        resolved = self.resolve(facts)
        if isinstance(resolved, Refusal):
            return resolved.text
        values = values_of(facts, resolved.algo)
        lines = [f"policy {resolved.name} sha256={resolved.hash}"]
        if facts.algo:
            lines.append(f"algo = {resolved.algo}: TargetStrategy(847) of the order")
        for key in EXCLUSIVE:
            ranked = self._ranked(key, values_of(facts) if key == "algo" else values)
            for i, (clause, setting) in enumerate(ranked):
                lead = f"{key} =" if i == 0 and not (key == "algo" and facts.algo) else "  not"
                lines.append(f"{lead} {setting.text()}: {_source(clause)}")
        lines.append(f"exploration = {exploration.text(resolved.exploration)}")
        lines += [
            f"  of {setting.text()}: {_source(clause)}"
            for clause, setting in self._ranked("exploration", values)
        ]
        lines.append(f"algos allowed = {', '.join(resolved.allowed_algos)}")
        for clause in self.clauses:
            missed = clause.match.misses(values, unknown_holds=True)
            for rule in clause.rules:
                verb = f"does not apply ({missed} differs)" if missed else "applies"
                lines.append(f"{_rule_text(rule)} {verb}: {_source(clause)}: {clause.why}")
        return "\n".join(lines)

    def _speaking(self, values: Mapping[str, Value]) -> Iterator[Clause]:
        return (each for each in self.clauses if not each.match.misses(values, unknown_holds=True))

    def _ranked(self, key: str, values: Mapping[str, Value]) -> list[tuple[Clause, Setting]]:
        """Every clause that matches and sets the key, the one that wins first."""
        found = [
            (clause, clause.settings[key])
            for clause in self.clauses
            if key in clause.settings and not clause.match.misses(values, unknown_holds=False)
        ]
        found.sort(key=lambda item: (item[0].layer, item[0].match.specificity()), reverse=True)
        return found

    def _exploration(self, values: Mapping[str, Value]) -> Exploration:
        """In each layer the most specific match speaks; the layers together narrow."""
        ranked = self._ranked("exploration", values)
        first = {clause.layer: setting.params for clause, setting in reversed(ranked)}
        return exploration.narrowed([first[layer] for layer in sorted(first, reverse=True)])

    def _setting(self, key: str, values: Mapping[str, Value]) -> tuple[Clause, Setting] | None:
        ranked = self._ranked(key, values)
        return ranked[0] if ranked else None

    def _algo_of(self, values: Mapping[str, Value]) -> tuple[Clause, Setting] | None:
        return self._setting("algo", values)

    def _algo_params(self, algo: str, values: Mapping[str, Value]) -> Mapping[str, object]:
        """The parameters of the best setting that names the algo: the order may have named it."""
        for _, setting in self._ranked("algo", values):
            if setting.name == algo:
                return setting.params
        return {}

    def _allowed(self, speaking: Sequence[Clause], algo: str) -> tuple[tuple[str, ...], str]:
        """The algos that every clause allows, and the first clause that denies this one."""
        allowed = tuple(sorted(self._known.algos))
        denied_by = "" if algo in allowed else "unknown algo"
        for clause in speaking:
            if clause.algos is not None:
                allowed = tuple(name for name in allowed if name in clause.algos)
                if algo not in clause.algos:
                    denied_by = denied_by or clause.clause_id
        return allowed, denied_by

    def _name(self, speaking: Sequence[Clause]) -> str:
        ids = {clause.clause_id.partition("/")[0] for clause in speaking}
        return "+".join(f"{each.name}:{each.version}" for each in self.policies if each.name in ids)

    def _defaults(self) -> Iterator[Finding]:
        for key in SETTINGS:
            if key in OPTIONAL or (key == "learner" and self._default_learner is not None):
                continue
            bare = [each for each in self.clauses if not any(each.match.specificity())]
            if not any(key in each.settings for each in bare):
                place = self.policies[0].path if self.policies else "policies"
                text = f"no document has a default {key}; allowed: settings: {{{key}: ...}}"
                yield Finding("error", f"{place}:1", "", text)


def _from_file(path: Path, known: Known) -> Policy:
    return read(content(path), str(path), known)


def _from_text(path: str, text: str, known: Known) -> Policy:
    return read(text.encode(), path, known)


def _read(each_policy: Iterable[Callable[[], Policy]]) -> tuple[Policy, ...]:
    """Every document.

    Raises:
        DocumentError: everything that is wrong with each of them.
    """
    errors: list[str] = []
    policies: dict[str, Policy] = {}
    for make in each_policy:
        try:
            policy = make()
        except DocumentError as error:
            errors += error.problems
            continue
        if policy.name in policies:
            taken = f"{policy.name!r} is taken by {policies[policy.name].path}"
            errors.append(f"{policy.path}:1: policy: {taken}")
        policies[policy.name] = policy
    if errors:
        raise DocumentError(errors)
    return tuple(policies.values())


def _urgency(chosen: tuple[Clause, Setting] | None) -> Urgency | None:
    if chosen is None:
        return None
    setting = chosen[1]
    return Urgency.model_validate({"table": setting.sha256, **setting.params})


def _files(paths: Sequence[str | Path]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        found += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if len(found) > DOCUMENTS_MAX:
        raise DocumentError([f"{paths[0]}: too many documents; allowed: {DOCUMENTS_MAX}"])
    if not found:
        raise DocumentError([f"{', '.join(map(str, paths))}: no policy document (*.yaml)"])
    return found


def _denied(algo: str, clause_id: str, *, by_order: bool) -> Refusal:
    code = "POLICY_INSTRUCTION_DENIED"
    tag = "tag=847, " if by_order else ""
    # OrdRejReason(103) 11: unsupported order characteristic; CxlRejReason(102) 2: broker option.
    return Refusal(code, f"{code}: {tag}value={algo}, rule={clause_id}", "11", "2")


def _source(clause: Clause) -> str:
    return f"{clause.clause_id} ({LAYERS[clause.layer]}, {clause.match.text()}) {clause.place}"


def _rule_text(rule: Rule) -> str:
    given = rule.model_dump(exclude_defaults=True)
    return f"{rule.plugin_name()} {given}"
