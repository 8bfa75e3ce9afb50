"""The secrets of accounts: from systemd, the environment or private files; never in the settings or a log."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from connector.errors import ConfigurationError
from connector.settings import Account, Settings

SHORTEST_TOKEN = 20  # characters


def client_secret(settings: Settings, account: Account) -> SecretStr:
    """The client secret of an account. See `secret_of`."""
    return secret_of(settings, account, "client_secret")


def technical_password(settings: Settings, account: Account) -> SecretStr | None:
    """The password of an account's technical account; None for an account that has none. See `secret_of`."""
    if account.technical_account is None:
        return None
    return secret_of(settings, account, "technical_password")


def webhook_token(settings: Settings, account: Account) -> SecretStr:
    """What a call from the account's platform proves itself with. See `secret_of`.

    Raises:
        ConfigurationError: also for one that is easily guessed.
    """
    token = secret_of(settings, account, "webhook_token")
    if len(token.get_secret_value()) < SHORTEST_TOKEN or not token.get_secret_value().isprintable():
        raise ConfigurationError(
            f'account "{account.name}": its webhook token needs {SHORTEST_TOKEN} printable characters or '
            "more; for example: openssl rand -hex 24"
        )
    return token


def mail_password(settings: Settings) -> SecretStr | None:
    """The password for the mail server; None when it wants none. Looked up as `secret_of` does, by "mail".

    Raises:
        ConfigurationError: as `secret_of`.
    """
    if settings.mail.host is None or settings.mail.username is None:
        return None
    return _secret(settings, "mail", "password", "mail")


def secret_of(
    settings: Settings,
    account: Account,
    what: Literal["client_secret", "technical_password", "webhook_token"],
) -> SecretStr:
    """A secret of an account: systemd credential, else environment, else a private file.

    Looked up as `$CREDENTIALS_DIRECTORY/<account>.<what>`, `CONNECTOR_<ACCOUNT>_<WHAT>`,
    `<secrets_dir>/<account>.<what>` (mode 0600).

    Raises:
        ConfigurationError: there is none, it is empty, or others on the machine can read the file.
    """
    return _secret(settings, account.name, what, f'account "{account.name}"')


def _secret(settings: Settings, name: str, what: str, owner: str) -> SecretStr:
    file_name, words = f"{name}.{what}", what.replace("_", " ")
    variable = f"CONNECTOR_{name}_{what}".upper().replace("-", "_")
    if credentials := os.environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(credentials) / file_name
        if credential.is_file():
            return _not_empty(credential.read_text("utf-8"), words, str(credential))
    if variable in os.environ:
        return _not_empty(os.environ[variable], words, variable)
    private = (settings.secrets_dir or Path("secrets")) / file_name
    if not private.is_file():
        raise ConfigurationError(
            f"{owner}: no {words}; give it as the systemd credential {file_name}, "
            f"as {variable}, or in the file {private} (mode 0600)"
        )
    if private.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"{owner}: {private} can be read by others on this machine; chmod 600 {private}"
        )
    return _not_empty(private.read_text("utf-8"), words, str(private))


def _not_empty(value: str, what: str, origin: str) -> SecretStr:
    if not value.strip():
        raise ConfigurationError(f"the {what} in {origin} is empty")
    return SecretStr(value.strip())
