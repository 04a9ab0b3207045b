"""`python -m ops.metrics page|grafana`: prints the page of metrics, or the Grafana dashboard."""

import sys
from collections.abc import Callable
from typing import Final

from ops.metrics.grafana import dashboard
from ops.metrics.page import page

_PRINTED: Final[dict[str, Callable[[], str]]] = {"page": page, "grafana": dashboard}


def main(arguments: list[str]) -> int:
    """Exit status 0, or 2 for wrong usage."""
    if len(arguments) != 1 or arguments[0] not in _PRINTED:
        sys.stderr.write(f"usage: python -m ops.metrics {'|'.join(_PRINTED)}\n")
        return 2
    sys.stdout.write(_PRINTED[arguments[0]]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
