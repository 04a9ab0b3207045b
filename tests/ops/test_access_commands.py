"""`volley user` makes rows that the page takes; `volley link` makes links that it opens to."""

import orjson
import pytest
from click.testing import CliRunner

from ops.commands.access import link, user
from ops.dashboard.access.credentials import Credentials, Role, row_of
from ops.errors import OpsError


def test_a_made_row_lets_its_user_in_with_its_role() -> None:
    done = CliRunner().invoke(user, ["vera", "--role", "viewer"], input="a good password\na good password\n")
    assert done.exit_code == 0
    row = next(line for line in done.stdout.splitlines() if line.startswith("vera:"))
    assert "a good password" not in done.output
    known = Credentials.read({"VOLLEY_WEB_USERS": row}).login("vera", "a good password")
    assert known is not None
    assert (known.name, known.role) == ("vera", "viewer")
    assert Credentials.read({"VOLLEY_WEB_USERS": row}).login("vera", "a bad password") is None


def test_a_link_names_the_page_of_this_machine(redis_url: str) -> None:
    done = CliRunner().invoke(link, ["--port", "8181"], env={"REDIS_URL": redis_url})
    assert done.exit_code == 0
    assert done.stdout.startswith("http://127.0.0.1:8181/enter/")


@pytest.mark.parametrize("variable", ["VOLLEY_WEB_USERS", "VOLLEY_WEB_TOKEN", "VOLLEY_WEB_VIEWER_TOKEN"])
def test_no_link_is_made_that_the_page_would_not_take(redis_url: str, variable: str) -> None:
    """Where somebody can log in, links are refused: the command used to make one that never opened anything."""
    value = row_of("vera", Role.VIEWER, "a good password") if variable.endswith("USERS") else "x" * 20
    done = CliRunner().invoke(link, env={"REDIS_URL": redis_url, variable: value})
    assert isinstance(done.exception, OpsError)
    assert "log in as one of them" in str(done.exception)
    assert done.stdout == ""


def test_a_name_that_cannot_be_one_is_refused_before_a_password_is_asked_for() -> None:
    done = CliRunner().invoke(user, ["bad name!"], input="a good password\na good password\n")
    assert isinstance(done.exception, OpsError)
    assert "a letter or digit first" in str(done.exception)
    assert "Password" not in done.output


def test_both_print_json_for_programs(redis_url: str) -> None:
    made = CliRunner().invoke(user, ["vera", "--password", "a good password", "--json"])
    told = orjson.loads(made.stdout)
    assert (told["name"], told["role"], told["variable"]) == ("vera", "operator", "VOLLEY_WEB_USERS")
    assert Credentials.read({told["variable"]: told["row"]}).login("vera", "a good password") is not None
    linked = CliRunner().invoke(link, ["--json"], env={"REDIS_URL": redis_url})
    assert orjson.loads(linked.stdout)["link"].startswith("http://127.0.0.1:8080/enter/")
