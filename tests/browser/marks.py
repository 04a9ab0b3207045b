"""What the tests in a browser is marked with: one process and one event loop for all, skipped by name without one."""

import pytest

from ops.browser import what_is_missing

IN_A_BROWSER = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(bool(what_is_missing()), reason=what_is_missing()),
]
