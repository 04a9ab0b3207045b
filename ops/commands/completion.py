"""`volley completion`: the script by which a shell completes our commands and options, printed or installed."""

import os
from pathlib import Path
from typing import Final

import click
from click.shell_completion import get_completion_class

from ops.commands.session import json_option, print_json
from ops.errors import OpsError

SHELLS: Final = ("bash", "zsh", "fish")

_PROGRAM: Final = "volley"
_VARIABLE: Final = "_VOLLEY_COMPLETE"  # click's own name for the program's
_BASH_NOTE: Final = "It works in new shells, where the package bash-completion is installed."
_ZSH_NOTE: Final = (
    "Once, in ~/.zshrc, before anything that calls compinit:\n"
    "    fpath=({folder} $fpath); autoload -Uz compinit && compinit"
)
_NOTES: Final = {"bash": _BASH_NOTE, "zsh": _ZSH_NOTE, "fish": "It works in new shells."}


@click.command
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.option("--install", is_flag=True, help="Write it to where the shell looks for it, and say so.")
@json_option
@click.pass_context
def completion(ctx: click.Context, *, shell: str | None, install: bool, as_json: bool) -> None:
    """Print the script by which SHELL completes `volley`; your own shell unless told.

    It completes the command `volley` (pip install .), not `python3 -m ops`: commands, options, and the names of
    accounts and campaigns where Redis answers at once.
    """
    chosen = shell or _own_shell()
    script = _script(ctx.find_root().command, chosen)
    if not install:
        if as_json:
            print_json({"shell": chosen, "script": script})
        else:
            click.echo(script)
        return
    path = _install(chosen, script)
    if as_json:
        print_json({"shell": chosen, "installed": str(path)})
    else:
        click.echo(f"written: {path}\n{_NOTES[chosen].format(folder=path.parent)}")


def _own_shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(
            f"your shell ({name or 'unknown'}) is none of {', '.join(SHELLS)}: name the one you mean"
        )
    return name


def _script(command: click.Command, shell: str) -> str:
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101  # click has all of SHELLS
    script = found(command, {}, _PROGRAM, _VARIABLE)
    return script.source_template % script.source_vars()  # as `source()`, which asks the shell for its version first


def _install(shell: str, script: str) -> Path:
    """Write the script; a file that is not ours is left alone. Raises OpsError."""
    path = _place(shell)
    try:
        if path.exists() and _VARIABLE not in path.read_text(errors="replace"):
            raise OpsError(f"{path} is there and is not ours: move it away, or print the script and put it elsewhere")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{script}\n", encoding="utf-8")
    except OSError as error:
        raise OpsError(f"cannot write {path}: {error.strerror}; print the script and put it elsewhere") from error
    return path


def _place(shell: str) -> Path:
    """Where the shell looks for completions of a user's own."""
    match shell:
        case "bash":
            return _base("XDG_DATA_HOME", ".local/share") / "bash-completion" / "completions" / _PROGRAM
        case "zsh":
            return Path.home() / ".zfunc" / f"_{_PROGRAM}"
        case _:
            return _base("XDG_CONFIG_HOME", ".config") / "fish" / "completions" / f"{_PROGRAM}.fish"


def _base(variable: str, otherwise: str) -> Path:
    given = os.environ.get(variable, "")
    return Path(given) if given.startswith("/") else Path.home() / otherwise
