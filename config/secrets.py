"""Secrets: a file each in a folder that only its owner may read.

Owns who may be able to read a secret. A secret goes out as a pydantic secret, which no repr shows,
and stands in no error. Knows nothing of what it is for.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pydantic import SecretBytes

from router import access

SECRET_MAX = 65_536
"""Bytes of a secret."""
_MAY_WRITE = 0o022


class SecretError(ValueError):
    """Why a secret cannot be had: what, where, and what is allowed. Never what it is."""


def read_secret(folder: Path | None, name: str) -> SecretBytes:
    """The content of a file in the folder, without the line's end.

    Raises:
        SecretError: there is no folder or no such file, or others may read or replace it.
    """
    if folder is None:
        text = "there is no folder of secrets; set secrets_dir, or CREDENTIALS_DIRECTORY"
        raise SecretError(f"secret {name}: {text}")
    path = folder / name
    try:
        if folder.stat().st_mode & _MAY_WRITE:
            raise SecretError(f"{folder}: others may write there; allowed: chmod go-w {folder}")
        # Not to wait for whoever might write into a pipe.
        content = _read(path, os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        raise SecretError(f"secret {path}: cannot be read: {error.strerror}") from None
    if len(content) > SECRET_MAX:
        raise SecretError(f"secret {path}: larger than allowed; allowed: {SECRET_MAX} bytes")
    content = content.rstrip(b"\r\n")
    if not content:
        raise SecretError(f"secret {path}: empty")
    return SecretBytes(content)


def _read(path: Path, descriptor: int) -> bytes:
    """What an open file holds; the file that was judged is the file that is read."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SecretError(f"secret {path}: not a file")
        if access.others(descriptor):
            raise SecretError(f"secret {path}: others may read it; allowed: chmod 600 {path}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(SECRET_MAX + 1)
    finally:
        os.close(descriptor)
