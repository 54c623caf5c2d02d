"""Certificates of the tests: a CA, and files as an operator keeps them."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID

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

    def issue_latin(self, name: str) -> Files:
        """A certificate for localhost with a second name that is no UTF-8, an address in latin-1,
        which an old CA of a house may write. It is put together by hand: no library makes it.
        """
        names = b"\x81\x03j\xfcr" + b"\x82\x09localhost"  # rfc822Name, dNSName
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        issuer = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        signer = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        san = x509.UnrecognizedExtension(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes([0x30, len(names)]) + names
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(san, critical=False)
            .sign(signer, hashes.SHA256())
        )
        files = Files(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files.private_key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
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
