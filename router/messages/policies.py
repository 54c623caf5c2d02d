"""Policy documents as history: what they said, and who took them into force.

Owns their shapes. The texts stand in the journal, so that nobody has to find the files again: a
restart, a replay and `sluice why` decide under what was in force.
"""

from __future__ import annotations

import msgspec


class PolicyText(msgspec.Struct, frozen=True, array_like=True):
    """One policy document."""

    name: str
    version: int
    hash: str
    """sha256 of its canonical form, hex: comments and order of rules are not in it."""
    path: str
    """Where it stood: places in it are `path:line`."""
    text: str


class TableText(msgspec.Struct, frozen=True, array_like=True):
    """One urgency table that a document names."""

    name: str
    """As the document has it."""
    document: str
    """The path of the document."""
    path: str
    text: str


class PolicyFiles(msgspec.Struct, frozen=True):
    """All documents that were read together, with the tables that they name."""

    hash: str
    """The book's identity, as decisions have it."""
    documents: tuple[PolicyText, ...]
    tables: tuple[TableText, ...] = ()


class PoliciesLoaded(msgspec.Struct, frozen=True, tag=True):
    """Policy documents are in force for orders that are taken from here on."""

    who: str
    reason: str
    before: str
    """Hash of those that were in force."""
    files: PolicyFiles
    added: tuple[str, ...] = ()
    """Names of documents."""
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    apply_open: bool = False
    """They narrow the orders that are open, too: these may do only what both policies allow."""


class Applied(msgspec.Struct, frozen=True, array_like=True):
    """The last documents that were applied to open orders."""

    hash: str = ""
    load: int = 0
    """How often documents had come into force with them."""


class Disallow(msgspec.Struct, frozen=True, tag=True):
    """The policy that was applied to an open order would not have its child at work."""

    cl_ord_id: str
    policy_hash: str
    by: str
    """Its clause, or the code with which it would refuse the order."""
    cap: int
    """Shares that it would place there."""


class PoliciesRefused(msgspec.Struct, frozen=True, tag=True):
    """Documents were to be taken into force and are not sound: nothing has changed."""

    who: str
    reason: str
    errors: tuple[str, ...]
    """`file:line: what`, as many as the journal keeps."""
