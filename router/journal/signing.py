"""Signatures under published heads: Ed25519 (RFC 8032).

Owns what is signed and what a key looks like. A signature says that the daemon which holds the key
has published a head, wherever the line is kept since. Opens no file.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from router.journal.heads import Published

MAKE = "openssl genpkey -algorithm ed25519"
TAKE = "openssl pkey -in KEY -pubout"


class Signer:
    """Signs heads."""

    def __init__(self, pem: bytes) -> None:
        """Of a private key.

        Raises:
            ValueError: it is none, and how one is made. Nothing of it is said.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            key = None  # the cause may quote what it has read
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"no Ed25519 private key in PEM without a password; make one: {MAKE}")
        self._key = key

    def __call__(self, head: Published) -> str:
        """The signature, in base64."""
        return base64.b64encode(self._key.sign(_signed(head))).decode()


class Verifier:
    """Says whether heads bear the signature of a key."""

    def __init__(self, pem: bytes) -> None:
        """Of the public key.

        Raises:
            ValueError: it is none, and how it is had from the private one.
        """
        try:
            key = load_pem_public_key(pem)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"no Ed25519 public key in PEM; take it from the private one: {TAKE}")
        self._key = key

    def __call__(self, head: Published) -> bool:
        """True if the head is as it was signed."""
        try:
            self._key.verify(base64.b64decode(head.signature, validate=True), _signed(head))
        except (InvalidSignature, binascii.Error):
            return False
        return True


def _signed(head: Published) -> bytes:
    """What the signature covers: everything that the line says."""
    return f"sluice head {head.time} {head.seq} {head.head}".encode()
