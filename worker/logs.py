"""A worker's logs: those of `producer.logs`, with the secrets of its settings hidden wherever they stand."""

from collections.abc import Iterator

from producer import logs
from producer.masking import Mask
from worker.settings import Settings, SettingsError


def configure_logs() -> Mask:
    """Set logging up as VOLLEY_LOG and VOLLEY_LOG_LEVEL say. Raises SettingsError when one is none of its words."""
    try:
        return logs.configure_logs()
    except logs.LogSettingsError as error:
        raise SettingsError(str(error)) from error


def secrets_of(settings: Settings) -> Iterator[str]:
    """Every secret that the settings hold, wherever it came from: credentials and callback secrets."""
    for account in settings.accounts.values():
        yield from (account.credentials.password, account.credentials.key, account.credentials.callback_secret)
        yield account.push_key.secret
