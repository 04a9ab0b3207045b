"""Where the demo plays: its folder, Redis, sandbox, workers and page, all ended with it."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console

from ops.commands.session import Session, with_url
from ops.dashboard.access.credentials import VARIABLES
from ops.demo_recipients import write_lists
from ops.demo_settings import ATHENS, CREDENTIALS, MOSCOW, MOST_IN_MOSCOW, Plan, settings_text
from ops.errors import OpsError
from ops.process_family import ProcessFamily, free_port
from ops.programs import program, surroundings
from ops.readings import read_workers
from ops.redis_local import redis_url
from producer.directory import accounts

READY_WITHIN: Final = 60.0
"""Seconds that everything may take to start."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where this demo plays."""

    folder: Path
    url: str
    sandbox: str
    page: str
    plan: Plan
    family: ProcessFamily
    console: Console
    calls: str


@contextmanager
def set_up(recipients: int, port: int, console: Console, calls: str) -> Iterator[Stage]:
    """Redis, the sandbox, the workers and the page; they end with the block, in the opposite order."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="volley-demo-")))
        url = stack.enter_context(redis_url(folder / "redis", private=True))
        with_url(url, _check_unused)
        plan = write_lists(folder, recipients)
        _introduce(console, plan)
        # nobody's users and tokens: the demo's page is opened by the link that it prints
        secrets = {**CREDENTIALS, **dict.fromkeys(VARIABLES, ""), "VOLLEY_CONFIG": os.fspath(folder / "volley.toml")}
        family = stack.enter_context(ProcessFamily(folder, surroundings(url, secrets)))
        ready = family.start_and_read("sandbox", program("ops.sandbox", "--port", "0"), within=READY_WITHIN)
        sandbox = json.loads(ready)["sandbox"]
        (folder / "volley.toml").write_text(settings_text(sandbox, plan), encoding="utf-8")
        family.start("send worker", program("worker", "send"))
        family.start("track worker", program("worker", "track"))
        port = port or free_port()
        family.start("web page", program("ops.cli", "web", "--host", "127.0.0.1", "--port", str(port)))
        page = f"http://127.0.0.1:{port}"
        yield Stage(
            folder=folder,
            url=url,
            sandbox=sandbox,
            page=page,
            plan=plan,
            family=family,
            console=console,
            calls=calls,
        )


async def _check_unused(session: Session) -> None:
    """The demo's accounts must not be mistaken for real ones of these names, nor its workers for real workers."""
    known = await accounts(session.redis)
    real = [name for name, entry in known.items() if name in {MOSCOW, ATHENS} and entry.host not in _LOOPBACK]
    live = [worker.id for worker in await read_workers(session.redis) if worker.is_live]
    if real or live:
        used = f"has an account {real[0]!r}" if real else f"has live workers ({live[0]})"
        raise OpsError(f"the Redis that REDIS_URL names {used}: unset REDIS_URL, and the demo starts its own")


def _introduce(console: Console, plan: Plan) -> None:
    counts = " and ".join(f"{count:,} over account {name}" for name, count in plan.counts.items())
    console.print(
        f"Sample recipients: {plan.total:,}; {counts}. Both providers are played by the sandbox.", soft_wrap=True
    )
    if plan.counts[MOSCOW] >= MOST_IN_MOSCOW:
        console.print(
            f"(At most {MOST_IN_MOSCOW:,} over {MOSCOW}: without callbacks smsc tells 30,000 statuses an hour.)",
            soft_wrap=True,
        )
