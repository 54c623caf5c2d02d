"""Settings of TLS that cannot work are refused at the start: what, where, and what is allowed."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from router.model import NS
from router.runtime.certificates import validity
from router.runtime.tls import TlsError, TlsSettings, client_context, server_context
from tests.config import access_lists
from tests.live.certs import LONG_AGO, Authority, Files

NOW = int(datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC).timestamp()) * NS


class Given:
    """A CA, a certificate of it, and settings that work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = Authority(folder)
        self.own = self.ca.issue("own")
        self.settings = TlsSettings(self.own.certificate, self.own.private_key, self.ca.file)

    def with_files(self, files: Files) -> TlsSettings:
        return replace(self.settings, certificate=files.certificate, private_key=files.private_key)


@pytest.fixture
def given(tmp_path: Path) -> Given:
    return Given(tmp_path)


def refused(settings: TlsSettings, *, server: bool = True) -> str:
    with pytest.raises(TlsError) as caught:
        (server_context if server else client_context)(settings, NOW)
    assert "; allowed: " in str(caught.value)
    return str(caught.value).partition("; allowed: ")[0]


def test_what_works(given: Given) -> None:
    server = server_context(given.settings, NOW)
    assert server.minimum_version is ssl.TLSVersion.TLSv1_3
    assert server.verify_mode is ssl.CERT_REQUIRED
    assert server_context(replace(given.settings, ca=None), NOW).verify_mode is ssl.CERT_NONE
    client = client_context(given.settings, NOW)
    assert client.minimum_version is ssl.TLSVersion.TLSv1_3
    assert (client.verify_mode, client.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert client_context(TlsSettings(), NOW).verify_mode is ssl.CERT_REQUIRED
    assert client_context(TlsSettings(verify=False), NOW).verify_mode is ssl.CERT_NONE


def test_a_key_that_others_may_read(given: Given) -> None:
    key = given.own.private_key
    for mode in (0o640, 0o604, 0o620):
        key.chmod(mode)
        expected = f"tls.private_key: {key} has mode {mode:04o}, others may use it"
        assert refused(given.settings) == refused(given.settings, server=False) == expected
    key.chmod(0o400)
    server_context(given.settings, NOW)


def test_a_key_that_systemd_hands_over_is_ours(given: Given) -> None:
    access_lists.put(given.own.private_key, access_lists.CREDENTIAL)
    server_context(given.settings, NOW)
    access_lists.put(given.own.private_key, access_lists.OPEN["another user"])
    assert refused(given.settings).endswith("has mode 0440, others may use it")


def test_files_that_are_missing_or_something_else(given: Given) -> None:
    nowhere = given.folder / "nowhere.pem"
    text = given.folder / "text.pem"
    text.write_text("good morning")
    text.chmod(0o600)
    own = given.settings
    assert refused(replace(own, certificate=nowhere)) == (
        f"tls.certificate: {nowhere}: no such file or directory"
    )
    assert refused(replace(own, ca=given.folder)) == f"tls.ca: {given.folder}: is a directory"
    assert refused(replace(own, certificate=text)) == (
        f"tls.certificate: {text} holds no certificate"
    )
    assert refused(replace(own, private_key=text)) == (
        f"tls.private_key: {text} holds no private key"
    )
    assert refused(replace(own, ca=text)) == f"tls.ca: {text} holds no certificate"


def test_a_certificate_that_is_cut_short_or_spoilt(given: Given) -> None:
    path = given.own.certificate
    text = path.read_text()
    lines = text.splitlines()
    path.write_text("\n".join([*lines[:3], lines[-1]]))
    assert refused(given.settings) == f"tls.certificate: {path} holds a broken certificate"
    path.write_text(text.replace(lines[2], "!" * 64))
    assert refused(given.settings) == f"tls.certificate: {path} holds a broken certificate"


def test_a_certificate_out_of_its_time(given: Given) -> None:
    old = given.with_files(given.ca.issue("old", expired=True))
    for server in (True, False):
        assert refused(old, server=server) == (
            f"tls.certificate: {old.certificate} expired 2020-01-01 00:00:00 UTC"
        )
    begins = datetime.datetime(2027, 3, 1, 12, 30, tzinfo=datetime.UTC)
    early = given.with_files(given.ca.issue("early", begins=begins))
    assert refused(early) == (
        f"tls.certificate: {early.certificate} is valid from 2027-03-01 12:30:00 UTC on"
    )


def test_of_a_chain_our_own_certificate_has_to_be_in_time(given: Given) -> None:
    old = given.ca.issue("old", expired=True)
    chain = given.own.certificate.read_text() + old.certificate.read_text()
    given.own.certificate.write_text(chain)
    for make in (server_context, client_context):
        make(given.settings, NOW)


def test_a_bundle_of_cas_is_refused_only_if_none_is_in_time(given: Given) -> None:
    old = given.ca.issue("old", expired=True).certificate
    bundle = given.folder / "bundle.pem"
    bundle.write_text(old.read_text() + given.ca.file.read_text())
    server_context(replace(given.settings, ca=bundle), NOW)
    bundle.write_text(old.read_text())
    assert refused(replace(given.settings, ca=bundle)) == (
        f"tls.ca: {bundle} expired 2020-01-01 00:00:00 UTC"
    )


def test_a_key_of_another_certificate(given: Given) -> None:
    other = given.ca.issue("other").private_key
    assert refused(replace(given.settings, private_key=other)) == (
        f"tls.private_key: {other}: key values mismatch"
    )


def test_an_encrypted_key_does_not_ask_for_its_passphrase(given: Given) -> None:
    key = given.own.private_key
    key.write_text(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----"
    )
    assert refused(given.settings) == f"tls.private_key: {key} is encrypted"


def test_settings_that_contradict_each_other(given: Given) -> None:
    own = given.settings
    assert refused(TlsSettings()) == "tls.certificate: missing"
    assert refused(replace(own, private_key=None)) == "tls.certificate: there is no private_key"
    assert refused(replace(own, certificate=None), server=False) == (
        "tls.private_key: there is no certificate"
    )
    assert refused(replace(own, server_name="x")) == "tls.server_name: an acceptor has none"
    assert refused(replace(own, verify=False)) == "tls.verify: an acceptor verifies with ca"
    bound = replace(own, ca=None, fingerprints={"OMS": frozenset({"0" * 64})})
    assert refused(bound) == "tls.fingerprints: no client shows a certificate"
    assert refused(replace(own, server_name="a..b"), server=False) == (
        "tls.server_name: 'a..b' is no host name"
    )


def test_a_session_that_is_not_named_takes_every_certificate() -> None:
    one = TlsSettings(fingerprints={"OMS": frozenset({"a", "b"})})
    assert [one.accepts("OMS", shown) for shown in ("a", "b", "c", "")] == [
        True,
        True,
        False,
        False,
    ]
    assert one.accepts("OTHER", "")


def test_the_validity_of_a_certificate_is_read_in_both_forms_of_time(given: Given) -> None:
    # Up to 2049 it is a UTCTime, from 2050 on a GeneralizedTime (RFC 5280, 4.1.2.5).
    old = given.ca.issue("old", expired=True)
    begin, end = validity(old.der)
    assert end == int(LONG_AGO.timestamp()) * NS
    assert begin == 946_684_800 * NS
    late = datetime.datetime(2051, 7, 9, 1, 2, 3, tzinfo=datetime.UTC)
    _, end = validity(given.ca.issue("late", ends=late).der)
    assert end == int(late.timestamp()) * NS


def test_bytes_that_are_no_certificate_are_an_error_and_never_a_time(given: Given) -> None:
    der = given.own.der
    for length in range(0, len(der), 7):
        with pytest.raises((ValueError, IndexError)):
            validity(der[:length])
