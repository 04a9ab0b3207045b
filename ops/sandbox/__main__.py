"""`python -m ops.sandbox`: read the options and serve."""

import argparse
import asyncio
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import orjson

from ops.sandbox.config import DEMO_ACCOUNTS, AccountConfig, ConfigError, Pushing, SandboxConfig, accounts_from
from ops.sandbox.server import check_host, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox; exit status 0 after a clean stop, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        config = config_from(options)
        check_host(options.host, any_address=options.any_address)
        _run(serve(config, options.host, options.port))
    except (ConfigError, OverflowError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    except OSError as error:
        why = error.strerror or error
        sys.stderr.write(f"sandbox: cannot listen on {options.host}:{options.port}: {why}; give another --port\n")
        return 2
    return 0


def config_from(options: argparse.Namespace) -> SandboxConfig:
    """Turn parsed options into the configuration; raises ConfigError."""
    accounts = [account for text in options.account for account in accounts_from(_fields(text))]
    if options.accounts:
        accounts += _from_file(options.accounts)
    return SandboxConfig(
        accounts=tuple(accounts) or DEMO_ACCOUNTS,
        enroute_after=options.enroute_after,
        final_after=options.final_after,
        slow_for=options.slow_for,
        id_counts=options.id_counts,
        drain_batch=options.drain_batch,
        scenarios=not options.no_scenarios,
        pushing=Pushing(
            twice=options.callback_twice,
            shuffled=options.callback_shuffled,
            delay=options.callback_delay,
            attempts=options.callback_attempts,
            retry_after=options.callback_retry_after,
            seed=options.callback_seed,
            method=options.callback_method,
        ),
        call_after=options.call_after,
        callback_senders=options.callback_senders,
        any_address=options.any_address,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops.sandbox", description="Both provider families, played.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8025, help="0 chooses a free one")
    parser.add_argument("--any-address", action="store_true", help="allow a host that is not loopback")
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="login=L,secret=S[,key=K][,family=smsc|restv2][,balance=N][,rate=N][,over_rate=refuse|count][,latency=S][,callback=URL][,v3=true]",
    )
    parser.add_argument("--accounts", type=Path, metavar="FILE.json", help="a JSON list of accounts")
    parser.add_argument("--enroute-after", type=float, default=0.5, metavar="S")
    parser.add_argument("--final-after", type=float, default=2.0, metavar="S")
    parser.add_argument("--slow-for", type=float, default=3.0, metavar="S")
    parser.add_argument("--id-counts", action="store_true", help="another client id makes another request")
    parser.add_argument("--drain-batch", type=int, default=1000, metavar="N", help="most reports in one status/get")
    parser.add_argument("--call-after", type=float, default=0.0, metavar="S", help="a waited-for call; 0: never")
    parser.add_argument("--no-scenarios", action="store_true", help="every phone is an ordinary one")
    _add_callbacks(parser.add_argument_group("callbacks"))
    return parser


def _add_callbacks(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--callback-twice", type=float, default=0.0, metavar="SHARE", help="made twice")
    group.add_argument("--callback-shuffled", type=float, default=0.0, metavar="SHARE", help="made in wrong order")
    group.add_argument("--callback-delay", type=float, default=0.0, metavar="S")
    group.add_argument("--callback-attempts", type=int, default=3, metavar="N")
    group.add_argument("--callback-retry-after", type=float, default=1.0, metavar="S")
    group.add_argument("--callback-seed", type=int, default=0, metavar="N", help="of what happens by chance")
    group.add_argument("--callback-method", default="GET", help="of a restv2 message's own address: GET or POST")
    group.add_argument("--callback-senders", type=int, default=8, metavar="N", help="most callbacks at once")


def _fields(text: str) -> dict[str, object]:
    pairs = [part.partition("=") for part in text.split(",") if part]
    if any(not sign for _, sign, _ in pairs):
        raise ConfigError("--account is a list of name=value, separated by commas")
    return {name: value for name, _, value in pairs}


def _from_file(path: Path) -> list[AccountConfig]:
    try:
        rows = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; name another file with --accounts") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{path} must hold a list of objects")
    return [account for row in rows for account in accounts_from(row)]


def _run(work: Coroutine[Any, Any, None]) -> None:  # Any: a coroutine's unused send and yield types
    try:
        import uvloop  # noqa: PLC0415 - faster where it exists, not needed
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


if __name__ == "__main__":
    sys.exit(main())
