"""How a command that acts as an OMS gets in: its TLS, and what it shows with its Logon(A).

Owns the options. A secret is named by a file that only its owner may read; it stands on no command
line and in no error.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from config.secrets import SecretError, read_secret
from router.cli.errors import CommandError, ExitCode
from router.fix.credentials import LogonFields, PasswordFields, SignatureFields
from router.fix.session import SessionConfig
from router.runtime.tls import TlsSettings

CaOption = Annotated[
    Path | None,
    typer.Option("--tls-ca", metavar="FILE", help="Speak TLS; who vouches for the acceptor, PEM."),
]
CertificateOption = Annotated[
    Path | None, typer.Option("--tls-certificate", metavar="FILE", help="Our certificate, PEM.")
]
KeyOption = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key, PEM.")
]
ServerNameOption = Annotated[
    str, typer.Option("--server-name", help="The acceptor's name, if it is not the host.")
]
UsernameOption = Annotated[str, typer.Option("--username", help="Username(553).")]
PasswordFileOption = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        envvar="SLUICE_PASSWORD_FILE",
        metavar="FILE",
        help="The file that holds Password(554), with --username.",
    ),
]
KeyFileOption = Annotated[
    Path | None,
    typer.Option(
        "--signing-key-file",
        envvar="SLUICE_SIGNING_KEY_FILE",
        metavar="FILE",
        help="The file that holds the key that signs the Logon, in RawData(96).",
    ),
]


def tls_of(
    ca: Path | None, certificate: Path | None, key: Path | None, server_name: str, *, wanted: bool
) -> TlsSettings | None:
    """The TLS that the options ask for; `wanted` if the acceptor speaks nothing else.

    Raises:
        CommandError: the options do not fit together.
    """
    if ca is not None:
        return TlsSettings(certificate, key, ca, server_name)
    if wanted:
        text = "fix.acceptor.tls is set: give --tls-ca, the file of who vouches for the acceptor"
        raise CommandError(ExitCode.CONFIGURATION, text)
    if certificate is not None or key is not None or server_name:
        text = "--tls-certificate, --tls-key and --server-name need --tls-ca"
        raise CommandError(ExitCode.CONFIGURATION, text)
    return None


@dataclass(frozen=True, slots=True)
class Proof:
    """What the options say of our credentials."""

    username: str
    password_file: Path | None
    key_file: Path | None

    def fields(self, session: SessionConfig) -> LogonFields | None:
        """More fields for the Logon; None without credentials.

        Raises:
            CommandError: a file cannot be used, or the options do not fit together.
        """
        if self.password_file is not None and self.key_file is not None:
            text = "--password-file or --signing-key-file, not both"
            raise CommandError(ExitCode.CONFIGURATION, text)
        if bool(self.username) != (self.password_file is not None):
            text = "--username and --password-file go together"
            raise CommandError(ExitCode.CONFIGURATION, text)
        path = self.password_file or self.key_file
        if path is None:
            return None
        try:
            secret = read_secret(path.parent, path.name).get_secret_value()
            if self.password_file is not None:
                return PasswordFields(self.username, secret.decode("utf-8"))
            return SignatureFields(
                secret,
                begin_string=session.begin_string,
                sender_comp_id=session.sender_comp_id,
                target_comp_id=session.target_comp_id,
                timestamp_precision=session.timestamp_precision,
            )
        except UnicodeDecodeError:
            text = f"{path}: not UTF-8; allowed: one line of text"
            raise CommandError(ExitCode.CONFIGURATION, text) from None
        except (SecretError, ValueError) as error:
            raise CommandError(ExitCode.CONFIGURATION, str(error)) from None
