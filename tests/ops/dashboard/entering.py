"""Who comes in to the page in tests of that: its users, their logins, their tokens."""

import hashlib

from aiohttp.test_utils import TestClient

from ops.dashboard.access import Credentials, Role
from ops.dashboard.access.passwords import Hashed
from tests.ops.dashboard.visiting import origin

PASSWORD = "correct horse battery"
CHEAP = {"cost": 14, "block": 1, "lanes": 1}  # a fiftieth of what `volley user` makes: the least that is taken


def row(name: str, role: Role, password: str) -> str:
    """A row of VOLLEY_WEB_USERS that is quick to check."""
    salt = name.encode().ljust(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=1, p=1, dklen=32)
    return f"{name}:{role}:{Hashed(salt=salt, digest=digest, **CHEAP)}"


USERS = " ".join([row("olga", Role.OPERATOR, PASSWORD), row("vera", Role.VIEWER, "another password")])
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
