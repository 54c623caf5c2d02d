"""The policy documents that a world's files may hold, each read once in a process.

Owns their texts: those of config/sluice.yaml, and one document more. What each of them forbids the
oracle knows by itself (`router.simulation.pinned`).
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import msgspec

from config.documents import DocumentError
from router import build
from router.core.environment import Book, Environment

SHIPPED = "shipped"
"""What every world begins with."""
MORE = {
    "no-lit-a": "{id: no-lit-a, why: a test, venues: {deny: {mic: LIT_A}}}",
    "no-pair": "{id: no-pair, why: a test, venues: {deny: {mic: [LIT_B, DARK_A]}}}",
    "small": "{id: small, why: a test, child_max: {shares: 300}}",
}
"""By name of the set: the rule that it has besides."""
BROKEN = "broken"
BROKEN_RULE = "{id: broken, why: a test, child_max: {share: 300}}"
"""There is no such key. The set lacks the rules above: taken in part, it would be found out."""

Read = Book | tuple[str, ...]


def book_of(made_of: build.Parts, name: str) -> Read:
    """The book of a set, or what is wrong with it. Who speaks which version is nothing to it."""
    found = _books.get(name)
    if found is None:
        found = _books[name] = _read(made_of, name)
    return found


def under(env: Environment, book: Book) -> Environment:
    """What a life is made of that begins with these documents."""
    return replace(
        env,
        policies=book.policies,
        policy_files=book.files,
        urgency_tables=book.urgency_tables,
    )


_books: dict[str, Read] = {}


def _read(made_of: build.Parts, name: str) -> Read:
    env, settings = made_of.env, made_of.settings
    reading = build.policy_reading(
        settings, made_of.family, tuple(env.venues.values()), tuple(env.instruments)
    )
    if name == SHIPPED:
        return _named(reading.from_files(settings.policies))
    rule = BROKEN_RULE if name == BROKEN else MORE[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "more.yaml"
        path.write_text(f"policy: more\nversion: 1\nlayer: desk\nrules:\n  - {rule}\n")
        try:
            book = reading.from_files([*settings.policies, path])
        except DocumentError as error:
            return tuple(each.replace(f"{folder}/", "") for each in error.problems)
    return _named(book)


def _named(book: Book) -> Book:
    """With names for paths: a journal is to be the same whatever folder a world is played in."""
    documents = tuple(
        msgspec.structs.replace(each, path=Path(each.path).name) for each in book.files.documents
    )
    return replace(book, files=msgspec.structs.replace(book.files, documents=documents))
