"""The policy books of a core: the one that it was built with, and others that its journal holds.

Owns which book is meant by a hash: a parent goes on under the one that took it, whatever has been
loaded since. Knows no file: the texts are in the state.
"""

from __future__ import annotations

from dataclasses import replace

from router.core.environment import Book, Environment
from router.core.state import State

BOOKS_MAX = 16
"""Books that are kept ready beside those that the state keeps, which open orders are pinned to."""


class Library:
    """The world as the core knows it, under each book."""

    def __init__(self, env: Environment) -> None:
        self._built = env
        self._ready: dict[str, Environment] = {}
        self._refused: dict[str, str] = {}

    def keep(self, state: State, book: Book) -> None:
        """Have a book ready: to read one takes long. Of the older ones those go that the state has
        let go of: no open order is pinned to them, and none that comes will be.
        """
        self._ready.pop(book.files.hash, None)
        for older in list(self._ready)[: 1 - BOOKS_MAX]:
            if older not in state.policies:
                del self._ready[older]
        self._ready[book.files.hash] = replace(
            self._built,
            policies=book.policies,
            urgency_tables=book.urgency_tables,
            policy_files=book.files,
        )

    def in_force(self, state: State) -> Environment | None:
        """With the book for orders that arrive now; None if it cannot be read."""
        return self.under(state, state.policy_hash) if state.policy_hash else self._built

    def under(self, state: State, policy_hash: str) -> Environment | None:
        """With the book of a hash; None if there is none, or it cannot be read."""
        built = self._built.policy_files
        if built is not None and built.hash == policy_hash:
            return self._built
        if policy_hash not in self._ready:
            self._read(state, policy_hash)
        # A core that was built with policies of no documents has no others.
        no_other = built is None and policy_hash not in state.policies
        return self._built if no_other else self._ready.get(policy_hash)

    def why_not(self, policy_hash: str) -> str:
        """Why a book that is known cannot be read; empty if it is not known."""
        return self._refused.get(policy_hash, "")

    def _read(self, state: State, policy_hash: str) -> None:
        files, book_of = state.policies.get(policy_hash), self._built.book_of
        if files is None or book_of is None or policy_hash in self._refused:
            return
        book = book_of(files)
        if isinstance(book, str):
            self._refused[policy_hash] = book
        else:
            self.keep(state, book)
