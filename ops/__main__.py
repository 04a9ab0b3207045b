"""`python3 -m ops COMMAND …` from a checkout: makes the environment on first use, then runs the command in it."""

import sys


def _begin() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  # this is where an older Python is told so
        sys.exit("Volley needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")
    from ops.environment import run_in_environment  # noqa: PLC0415  # an older Python cannot read it

    try:
        run_in_environment(sys.argv[1:])
    except KeyboardInterrupt:
        print("volley: interrupted", file=sys.stderr)  # noqa: T201  # there is nothing else to speak with yet
        sys.exit(130)


if __name__ == "__main__":
    _begin()
