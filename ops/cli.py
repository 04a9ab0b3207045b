"""The command line: which commands there are, and how each ends (0 done, 1 failed, 2 wrong usage).

Commands are loaded when they are called: add one as a row of `COMMANDS`, naming a click command.
"""

import sys
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Final, NoReturn

import click
from click.shell_completion import CompletionItem

from ops.errors import OpsError

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    # name: ("module:attribute" of its click command, one line of help)
    "demo": ("ops.demo:demo", "Run the whole system on this machine, until a sample campaign is final."),
    "submit": ("ops.commands.submitting:submit", "Submit a campaign: one text to the recipients of a file."),
    "send": ("ops.commands.single:send", "Send one message now."),
    "status": ("ops.commands.campaigns:status", "Tell how far a campaign is, or list the newest ones."),
    "pause": ("ops.commands.campaigns:pause", "Stop sending a campaign at once."),
    "resume": ("ops.commands.campaigns:resume", "Go on with a paused campaign."),
    "cancel": ("ops.commands.campaigns:cancel", "End a campaign: what was not claimed yet is never sent."),
    "messages": ("ops.commands.listing:messages", "List the messages of a campaign with their states."),
    "message": ("ops.commands.message:message", "Show one message: its timeline, and what was sent and answered."),
    "uncertain": ("ops.commands.uncertain:uncertain", "List messages that were perhaps sent; decide about one."),
    "orders": ("ops.commands.orders:orders", "List what is done with many messages at once; stop one of it."),
    "repair": ("ops.commands.repair:repair", "Rebuild all queues and lists from the ledger; safe at any time."),
    "forget": ("ops.commands.forget:forget", "Erase one person: number and values, from everything that is kept."),
    "provider": ("ops.commands.provider:provider", "Make any call of an account's provider: balance, price, …"),
    "suppression": ("ops.commands.suppression:suppression", "List, add or remove numbers never to be written to."),
    "export": ("ops.commands.export:export", "Fetch the files of deferred tasks and apply their rows as reports."),
    "callbacks": ("ops.commands.callbacks:callbacks", "Print the addresses that providers are to call."),
    "worker": ("ops.commands.processes:worker", "Run a worker: send, track, or all."),
    "web": ("ops.commands.processes:web", "Run the web page, with /metrics and /health."),
    "user": ("ops.commands.access:user", "Make a user of the page: a row with a password hash."),
    "link": ("ops.commands.access:link", "Print a link that opens the page on this machine, once."),
    "health": ("ops.commands.health:health", "Tell by the exit status whether Redis and the workers live."),
    "top": ("ops.commands.top:top", "Show live what accounts, campaigns, queues and workers do."),
    "doctor": ("ops.commands.doctor:doctor", "Look at everything that sending depends on; say what to fix."),
    "completion": ("ops.commands.completion:completion", "Print or install the shell's completion of volley."),
    "check": ("ops.development:check", "Check format, lint, types and imports of this checkout."),
    "test": ("ops.development:test", "Run the tests; arguments are pytest's."),
    "bench": ("ops.bench.command:bench", "Measure Volley beside stock arq, other queues and a bare aiohttp loop."),
    "screenshots": ("ops.screenshots:screenshots", "Make the README's pictures of the page."),
    "sandbox": ("ops.development:sandbox", "Run the sandbox: both provider families over HTTP."),
}

_FAILED: Final = 1
_INTERRUPTED: Final = 130


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called; its help imports none of them.

    A command's return value, when it is an integer, is the exit status. OpsError and Ctrl-C end with one
    line and no traceback.
    """

    def __init__(self, *, table: Mapping[str, tuple[str, str]], **options: Any) -> None:  # Any: click's own
        super().__init__(**options)
        self._table = table

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a name that there is none of is told with the nearest ones."""
        near = [] if not args or args[0] in self._table else get_close_matches(args[0], self._table, cutoff=0.6)
        if near and not ctx.resilient_parsing:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {' or '.join(near)}?")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names, in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """Import the command."""
        if cmd_name not in self._table:
            return None
        module, _, attribute = self._table[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # a wrong row of the table
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, with their lines of help, and our own options; imports no command."""
        names = [
            CompletionItem(name, help=line) for name, (_, line) in self._table.items() if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        """The list of commands in the help, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._table.items()])

    def main(self, *args: Any, **options: Any) -> NoReturn:  # Any: click's own, see click.Command.main
        """Run the command that the arguments name, and exit with its status."""
        options["standalone_mode"] = False
        sys.exit(_status_of(lambda: super(LazyGroup, self).main(*args, **options)))


def _status_of(run: Callable[[], object]) -> int:
    """The exit status of a command; what went wrong is said on standard error."""
    try:
        status = run()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OpsError as error:
        return _said(f"Error: {error}", _FAILED)
    except click.Abort:
        return _said("interrupted", _INTERRUPTED)
    return status if isinstance(status, int) else 0


def _said(text: str, status: int) -> int:
    click.echo(text, err=True)
    return status


def version() -> str:
    """The version of this checkout, or of the installed package."""
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if project.exists():
        return str(tomllib.loads(project.read_text())["project"]["version"])
    return metadata.version("volley")


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001  # click's signature
    if asked and not ctx.resilient_parsing:
        click.echo(f"volley {version()}")
        ctx.exit()


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def main() -> None:
    """Send bulk SMS over provider HTTP APIs: never over a limit, nobody twice, nobody forgotten."""


if __name__ == "__main__":
    main(prog_name="python3 -m ops")
