"""Who comes in to the page in tests of that: its users, their logins, their tokens."""

from aiohttp.test_utils import TestClient

from ops.dashboard.access import Credentials, Role, row_of
from tests.ops.dashboard.visiting import origin

PASSWORD = "correct horse battery"
USERS = " ".join([row_of("olga", Role.OPERATOR, PASSWORD), row_of("vera", Role.VIEWER, "another password")])
OLGA = Credentials.read({"VOLLEY_WEB_USERS": USERS}).users["olga"].known
VERA = Credentials.read({"VOLLEY_WEB_USERS": USERS}).users["vera"].known
PAGES = ["/", "/campaigns", "/campaigns/x", "/uncertain", "/audit", "/no"]


async def log_in(page: TestClient, name: str, password: str, **more: str) -> tuple[int, str]:
    """Status and Location of a login; `more` are headers, `next` is the form's."""
    values = {"name": name, "password": password, "next": more.pop("next", "/")}
    answer = await page.post("/login", data=values, headers=origin(page) | more, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
