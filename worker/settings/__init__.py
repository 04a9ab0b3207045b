"""Settings: `volley.toml` and the environment, checked once, frozen, with errors that say what would be right."""

from worker.settings.reading import load, parse
from worker.settings.records import Account, Exporting, Limits, Retention, Sending, Settings, Traces, Tracking
from worker.settings.table import AbsentError, SettingsError

__all__ = [
    "AbsentError",
    "Account",
    "Exporting",
    "Limits",
    "Retention",
    "Sending",
    "Settings",
    "SettingsError",
    "Traces",
    "Tracking",
    "load",
    "parse",
]
