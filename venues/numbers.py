"""What of a venue outlives its process: epochs and sequence numbers.

Owns the seam, a store in memory for simulations and a file for a process. A gateway knows the seam
only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec


class NumberStore(Protocol):
    """What of a venue outlives its process: epochs and sequence numbers."""

    def open_epoch(self, mic: str) -> int:
        """The number of this start of the venue, from 1: never given out before."""

    def numbers(self, mic: str, client: str) -> tuple[int, int]:
        """A session's next MsgSeqNum in and out; (1, 1) if there was none."""

    def save(self, mic: str, client: str, numbers: tuple[int, int]) -> None:
        """Keep a session's numbers; they may wait in memory until `flush`."""

    def flush(self) -> None:
        """Make what was saved durable. Called before the batch's bytes leave."""


class MemoryNumbers:
    """Numbers that live as long as this object: a simulation's restarts pass it on."""

    def __init__(self) -> None:
        self._epochs: dict[str, int] = {}
        self._numbers: dict[tuple[str, str], tuple[int, int]] = {}

    def open_epoch(self, mic: str) -> int:
        """The next epoch."""
        self._epochs[mic] = self._epochs.get(mic, 0) + 1
        return self._epochs[mic]

    def numbers(self, mic: str, client: str) -> tuple[int, int]:
        """What was saved last."""
        return self._numbers.get((mic, client), (1, 1))

    def save(self, mic: str, client: str, numbers: tuple[int, int]) -> None:
        """Keep them."""
        self._numbers[mic, client] = numbers

    def flush(self) -> None:
        """Memory needs no flush."""


class NumbersError(Exception):
    """The file or its folder is of no use; the text is one line for the operator."""


class _Kept(msgspec.Struct):
    """The file of `FileNumbers`."""

    epochs: dict[str, int] = {}
    numbers: dict[str, tuple[int, int]] = {}
    """By `MIC/client`."""


class FileNumbers:
    """Epochs and sequence numbers in one small file, replaced as a whole.

    What `flush` has written survives a kill -9; it is not synced, so not a loss of power.
    """

    def __init__(self, folder: Path) -> None:
        """Read the file, if there is one.

        Raises:
            NumbersError: if the folder or the file is of no use.
        """
        self._path = folder / "numbers.json"
        self._dirty = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            data = self._path.read_bytes() if self._path.exists() else b"{}"
            self._kept = msgspec.json.decode(data, type=_Kept)
        except OSError as error:
            text = f"state folder {folder}: {error.strerror}; choose another with --state"
            raise NumbersError(text) from None
        except msgspec.DecodeError as error:
            text = f"{self._path}: {error}; move the file away to start with fresh numbers"
            raise NumbersError(text) from None

    def open_epoch(self, mic: str) -> int:
        """The next epoch, on disk before it is used."""
        epoch = self._kept.epochs.get(mic, 0) + 1
        self._kept.epochs[mic] = epoch
        self._dirty = True
        self.flush()
        return epoch

    def numbers(self, mic: str, client: str) -> tuple[int, int]:
        """What was kept last."""
        return self._kept.numbers.get(f"{mic}/{client}", (1, 1))

    def save(self, mic: str, client: str, numbers: tuple[int, int]) -> None:
        """Keep them at the next `flush`."""
        key = f"{mic}/{client}"
        if self._kept.numbers.get(key) != numbers:
            self._kept.numbers[key] = numbers
            self._dirty = True

    def flush(self) -> None:
        """Replace the file if anything has changed.

        Raises:
            OSError: if the disk takes no more.
        """
        if not self._dirty:
            return
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self._kept))
        fresh.replace(self._path)
        self._dirty = False
