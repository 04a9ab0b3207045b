"""Logs as events with fields: for a person on a terminal, as JSON lines elsewhere. Never a text or a number."""

import logging
import os
import sys
from typing import Final

import structlog

from worker.settings import SettingsError

FORMS: Final = ("json", "console")
LEVELS: Final = ("debug", "info", "warning", "error", "critical")


def configure_logs() -> None:
    """Set structlog and the standard library's root up once, as VOLLEY_LOG and VOLLEY_LOG_LEVEL say.

    Raises SettingsError when one of them is none of its words.
    """
    level = logging.getLevelNamesMapping()[_word("VOLLEY_LOG_LEVEL", "info", LEVELS).upper()]
    form = _word("VOLLEY_LOG", "console" if sys.stderr.isatty() else "json", FORMS)
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if form == "console" else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)


def _word(variable: str, default: str, known: tuple[str, ...]) -> str:
    word = os.environ.get(variable, "").lower() or default
    if word not in known:
        raise SettingsError(f"{variable} must be one of {', '.join(known)}, it is {word[:40]!r}")
    return word
