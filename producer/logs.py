"""Logs as events with fields: for a person on a terminal, as JSON lines elsewhere; masked, whoever wrote them.

Every process of Volley configures them once. What other libraries log by `logging` takes the same way.
"""

import logging
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import structlog

from producer.contract.messages import MessageId
from producer.masking import Mask, is_private

FORMS: Final = ("json", "console")
_LEAST_SECRET: Final = 8
"""Characters of a variable's value below which it may be a word like `true`, and not a secret."""

LEVELS: Final = ("debug", "info", "warning", "error", "critical")

Event = MutableMapping[str, Any]  # Any: structlog's own type for an event's fields


class LogSettingsError(ValueError):
    """VOLLEY_LOG or VOLLEY_LOG_LEVEL is none of its words."""


def configure_logs() -> Mask:
    """Set structlog and the standard library's root up, as VOLLEY_LOG and VOLLEY_LOG_LEVEL say.

    The mask knows the secrets of the environment, by their names, and may be told those of the configuration once
    they are read. Raises LogSettingsError.
    """
    level = logging.getLevelNamesMapping()[_word("VOLLEY_LOG_LEVEL", "info", LEVELS).upper()]
    form = _word("VOLLEY_LOG", "console" if sys.stderr.isatty() else "json", FORMS)
    mask = Mask(_secrets_of(os.environ))
    chain: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    end: list[structlog.types.Processor] = [
        structlog.processors.format_exc_info,
        _with_campaign,
        lambda _logger, _method, event: mask.fields(event),
        _renderer(form),
    ]
    structlog.configure(
        processors=[*chain, *end],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_over_logging(max(level, logging.WARNING), chain, end)
    return mask


def _take_over_logging(
    level: int, chain: Sequence[structlog.types.Processor], end: Sequence[structlog.types.Processor]
) -> None:
    """One handler for what arq, aiohttp and asyncio say."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*chain, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *end],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _renderer(form: str) -> structlog.types.Processor:
    if form == "console":
        return structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)


def _with_campaign(_logger: Any, _method: str, event: Event) -> Event:  # Any: structlog's own type for a logger
    """A line about a message is also one about its campaign."""
    message = event.get("message")
    if isinstance(message, MessageId):
        event["message"] = str(message)
    if message is not None and "campaign" not in event:
        try:
            event["campaign"] = MessageId.parse(str(message)).campaign
        except ValueError:  # somebody else's word
            return event
    return event


def _secrets_of(environment: Mapping[str, str]) -> Iterator[str]:
    """Values of variables that are called passwords, keys or tokens, and the password of REDIS_URL."""
    for name, value in environment.items():
        if is_private(name) and len(value) >= _LEAST_SECRET:
            yield value
    try:
        password = urlsplit(environment.get("REDIS_URL", "")).password or ""
    except ValueError:  # no address at all: whoever connects will say so
        return
    yield from (password, unquote(password))


def _word(variable: str, default: str, known: tuple[str, ...]) -> str:
    word = os.environ.get(variable, "").lower() or default
    if word not in known:
        raise LogSettingsError(f"{variable} must be one of {', '.join(known)}, it is {word[:40]!r}")
    return word
