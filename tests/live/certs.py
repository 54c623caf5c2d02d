"""Certificates of the tests: a CA, and files as an operator keeps them."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate with its key, as files."""

    certificate: Path
    private_key: Path

    @property
    def der(self) -> bytes:
        """The certificate."""
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return hashlib.sha256(self.der).hexdigest()


class Authority:
    """A CA that writes into a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def issue(
        self,
        name: str,
        *hosts: str,
        expired: bool = False,
        begins: datetime.datetime | None = None,
        ends: datetime.datetime | None = None,
    ) -> Files:
        """A certificate for some host names or addresses."""
        cert = self._ca.issue_cert(
            *(hosts or ("localhost",)),
            common_name=name,
            not_before=begins,
            not_after=LONG_AGO if expired else ends,
        )
        files = Files(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        files.certificate.write_bytes(b"".join(each.bytes() for each in cert.cert_chain_pems))
        files.private_key.write_bytes(cert.private_key_pem.bytes())
        files.private_key.chmod(0o600)
        return files

    def client(self, own: Files | None = None) -> ssl.SSLContext:
        """A client that trusts this CA, as the standard library makes it."""
        context = ssl.create_default_context(cafile=str(self.file))
        if own is not None:
            context.load_cert_chain(own.certificate, own.private_key)
        return context

    def server(self, own: Files) -> ssl.SSLContext:
        """A server that wants a certificate of this CA."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.file))
        context.load_cert_chain(own.certificate, own.private_key)
        context.verify_mode = ssl.CERT_REQUIRED
        return context
