"""TLS 1.3 for both roles: settings to contexts, a peer's certificate to its fingerprint.

Owns what of TLS is allowed: nothing below 1.3, no session tickets, verification unless it is turned
off for one venue. Opens no connection; knows no session but by name.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, overload

from router.runtime.certificates import (
    TlsError,
    certificates,
    check_private,
    check_times,
    fingerprint,
)

__all__ = ["TlsError", "TlsSettings", "client_context", "explain", "peer", "server_context"]

HANDSHAKE_S = 10.0
"""The time that a handshake may take: it counts among the 10 s to the Logon."""
SHUTDOWN_S = 2.0
"""How long a peer may take to answer our goodbye."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """TLS of an acceptor, or of one session that we open."""

    certificate: Path | None = None
    """Ours, PEM, with its chain; an acceptor must have one."""
    private_key: Path | None = None
    """PEM, unencrypted, for nobody's eyes but its owner's."""
    ca: Path | None = None
    """Who vouches for peers, PEM. An acceptor with one wants a certificate of every client; an
    initiator without one trusts whom the system trusts."""
    server_name: str = ""
    """An initiator's: the name that is asked for and verified, if it is not the host."""
    verify: bool = True
    """An initiator's: False takes any certificate, or the one of `fingerprints`."""
    fingerprints: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By session name, SHA-256 of the certificates that its peer may show; a session that is not
    named takes every certificate that is verified."""

    def accepts(self, session: str, shown: str) -> bool:
        """True if a session's peer may show the certificate with this fingerprint."""
        bound = self.fingerprints.get(session)
        return bound is None or shown in bound


@dataclass(frozen=True, slots=True)
class Peer:
    """What TLS says of a peer."""

    cipher: str = ""
    fingerprint: str = ""
    """Empty if it has shown no certificate."""


class _Shown(ssl.SSLObject):
    """Shows a peer's certificate as bytes alone.

    Event loops ask for its names too, in the midst of a handshake, and nobody here looks at them:
    OpenSSL has judged them. One that is no UTF-8 would be an error of Python's, and no TLS.
    """

    @overload
    def getpeercert(self, binary_form: Literal[False] = False) -> None: ...
    @overload
    def getpeercert(self, binary_form: Literal[True]) -> bytes | None: ...
    @overload
    def getpeercert(self, binary_form: bool) -> bytes | None: ...
    def getpeercert(self, binary_form: bool = False) -> bytes | None:
        """The certificate as DER, or nothing."""
        return super().getpeercert(binary_form=True) if binary_form else None


def server_context(settings: TlsSettings, now: int) -> ssl.SSLContext:
    """For an acceptor. `now` is UTC nanoseconds, against which certificates are held.

    Raises:
        TlsError: what is wrong with which setting, and what is allowed.
    """
    if settings.certificate is None:
        raise TlsError("tls.certificate: missing; allowed: the PEM file of the acceptor's own")
    if settings.server_name:
        raise TlsError("tls.server_name: an acceptor has none; allowed: only with connect")
    if not settings.verify:
        raise TlsError("tls.verify: an acceptor verifies with ca; allowed: leave out ca and verify")
    if settings.fingerprints and settings.ca is None:
        raise TlsError("tls.fingerprints: no client shows a certificate; allowed: only with ca")
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # every connection shows its certificate
    _own_certificate(context, settings, now)
    if settings.ca is not None:
        _trust(context, settings.ca, now)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(settings: TlsSettings, now: int) -> ssl.SSLContext:
    """For an initiator. `now` is UTC nanoseconds, against which certificates are held.

    Raises:
        TlsError: what is wrong with which setting, and what is allowed.
    """
    try:
        settings.server_name.encode("idna")
    except UnicodeError:
        text = f"tls.server_name: {settings.server_name!r} is no host name"
        raise TlsError(f"{text}; allowed: such as fix.example.com") from None
    context = _context(ssl.PROTOCOL_TLS_CLIENT)
    _own_certificate(context, settings, now)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.ca is not None:
        _trust(context, settings.ca, now)
    else:
        context.load_default_certs()
    return context


def peer(found: ssl.SSLObject | None) -> Peer:
    """What the connection's TLS says of its other end; nothing without TLS."""
    if found is None:
        return Peer()
    cipher, der = found.cipher(), found.getpeercert(binary_form=True)
    return Peer(cipher[0] if cipher else "", fingerprint(der) if der else "")


_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the peer shows no certificate, and tls.ca wants one",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the peer wants a certificate: set tls.certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the peer does not know who vouches for our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the peer does not take our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the peer finds our certificate expired",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the peer does not speak TLS 1.3",
    "UNSUPPORTED_PROTOCOL": "the peer does not speak TLS 1.3",
    "WRONG_VERSION_NUMBER": "the peer does not speak TLS",
    "HTTP_REQUEST": "the peer speaks HTTP, not TLS",
    "RECORD_LAYER_FAILURE": "the peer does not speak TLS",
    "NO_SHARED_CIPHER": "the peer has no cipher in common with us",
}


def explain(error: BaseException | None) -> str:
    """Why a connection failed, in words; empty if it was closed in order."""
    if error is None:
        return ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the peer's certificate: {error.verify_message or error.reason}"
    if isinstance(error, ssl.SSLError):
        reason = error.reason or str(error)
        return _REASONS.get(reason, reason.lower().replace("_", " "))
    if isinstance(error, ConnectionResetError) and not error.args:
        return "closed in the midst of the handshake"  # so an event loop says it
    if isinstance(error, UnicodeError):
        return "the host is no name that can be looked up"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return (error.strerror or str(error) or type(error).__name__).lower()
    return str(error) or type(error).__name__


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.sslobject_class = _Shown
    return context


def _own_certificate(context: ssl.SSLContext, settings: TlsSettings, now: int) -> None:
    if settings.certificate is None:
        if settings.private_key is not None:
            raise TlsError("tls.private_key: there is no certificate; allowed: both or neither")
        return
    if settings.private_key is None:
        raise TlsError("tls.certificate: there is no private_key; allowed: both or neither")
    check_times("tls.certificate", settings.certificate, now, judged="first")
    check_private("tls.private_key", settings.private_key)
    try:
        context.load_cert_chain(settings.certificate, settings.private_key)
    except ssl.SSLError as error:
        text = f"tls.private_key: {settings.private_key}: {explain(error)}"
        raise TlsError(f"{text}; allowed: the key of {settings.certificate}") from None


def _trust(context: ssl.SSLContext, path: Path, now: int) -> None:
    check_times("tls.ca", path, now, judged="best")
    for der in certificates("tls.ca", path):
        try:
            context.load_verify_locations(cadata=der)
        except ssl.SSLError as error:
            raise TlsError(f"tls.ca: {path}: {explain(error)}; allowed: PEM") from None
