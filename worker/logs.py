"""Logs as events with fields: for a person on a terminal, as JSON lines elsewhere. Never a text or a number."""

import logging
import os
import sys

import structlog


def configure_logs() -> None:
    """Set structlog and the standard library's root up once. VOLLEY_LOG=json|console, VOLLEY_LOG_LEVEL=info|…"""
    level = logging.getLevelNamesMapping().get(os.environ.get("VOLLEY_LOG_LEVEL", "info").upper(), logging.INFO)
    form = os.environ.get("VOLLEY_LOG", "console" if sys.stderr.isatty() else "json")
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
