"""What a long run prints: a line now and then while it goes on, its figures as JSON at the end."""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import structlog


class Figures(Protocol):
    """A dataclass with what a run gave; `complaints` is empty when every promise was kept."""

    __dataclass_fields__: dict[str, Any]  # Any: as every dataclass has it
    complaints: list[str]


def parser_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """The command line of a long run, with what all of them take."""
    parser = argparse.ArgumentParser(prog=f"volley test --{name}", description=description)
    parser.add_argument("--folder", type=Path, help="keep its logs and Redis' files here (an empty folder)")
    return parser


def tell(run: Callable[[Path], Coroutine[Any, Any, Figures]], folder: Path | None) -> int:  # Any: of a coroutine
    """Run in `folder` (or one that is deleted afterwards), print the figures; 1 when something is wrong, else 0."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place.mkdir(parents=True, exist_ok=True)
        figures = asyncio.run(run(place))
    sys.stdout.write(json.dumps(asdict(figures), indent=2) + "\n")
    return 1 if figures.complaints else 0


class Progress:
    """A line of JSON on stderr, at most every so many seconds."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._began = time.monotonic()
        self._next = self._began + every

    def is_due(self) -> bool:
        """Whether it is time for another line."""
        return time.monotonic() >= self._next

    def say(self, **fields: object) -> None:
        """Write a line, with the seconds since the beginning first."""
        now = time.monotonic()
        self._next = now + self._every
        sys.stderr.write(json.dumps({"at": round(now - self._began, 1), **fields}) + "\n")
        sys.stderr.flush()
