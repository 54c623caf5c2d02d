"""Who signs the heads of the journal that are published, from the configuration."""

from __future__ import annotations

from collections.abc import Callable

from config.layers import SettingsError
from config.secrets import SecretError, read_secret
from config.settings import Settings
from router.journal.heads import Published


def signer(settings: Settings) -> Callable[[Published], str] | None:
    """What signs them; None if nobody does.

    Raises:
        SettingsError: the key cannot be had, or is none.
    """
    name = settings.journal.heads_key
    if name is None:
        return None
    from router.journal.signing import Signer  # what few need costs 20 ms of a start

    try:
        return Signer(read_secret(settings.secrets_folder, name).get_secret_value())
    except (SecretError, ValueError) as error:
        text = str(error) if isinstance(error, SecretError) else f"secret {name}: {error}"
        raise SettingsError([settings.problem(("journal", "heads_key"), text)]) from None
