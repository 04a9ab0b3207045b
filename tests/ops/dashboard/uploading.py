"""The form of a campaign in tests: filled in, previewed, and what is left of it."""

import tempfile
from pathlib import Path

from aiohttp import FormData
from aiohttp.test_utils import TestClient

from tests.ops.dashboard.visiting import origin, token_of
from tests.worker.plain import NAME
from tests.worker.scene import Scene

CSV = "to,name\n306912345670,Anna\n306912345670,Anna\n30691,Bo\n306912345671,Charalampos\n"


async def upload(
    page: TestClient,
    file: bytes | str = CSV,
    *,
    file_name: str = "people.csv",
    token: str | None = None,
    **fields: str,
) -> tuple[int, str]:
    """Send the form as a browser does; the status, and the preview's path or the page."""
    form = FormData()
    form.add_field("form_token", await token_of(page) if token is None else token)
    wanted = {"account": NAME, "text": "Hello $name", "campaign": "spring", "lane": "bulk", "on_uncertain": "hold"}
    for name, value in {**wanted, **fields}.items():
        form.add_field(name, value)
    data = file.encode() if isinstance(file, str) else file
    form.add_field("file", data, filename=file_name, content_type="text/csv")
    answer = await page.post("/submit", data=form, headers=origin(page), allow_redirects=False)
    return answer.status, answer.headers.get("Location", "") or await answer.text()


async def previewed(page: TestClient, file: bytes | str = CSV, **fields: str) -> str:
    status, path = await upload(page, file, **fields)
    assert status == 303, path
    return path


async def campaigns(stage: Scene) -> int:
    return int(await stage.redis.zcard("volley:campaigns"))


async def left_over(stage: Scene) -> list[str]:
    """What drafts have left in Redis, and files of uploads on the disk."""
    found = [name.decode() async for name in stage.redis.scan_iter("volley:*") if b"draft" in name]
    loading = [name.decode() async for name in stage.redis.scan_iter("volley:campaign:*")]
    return [*found, *loading, *uploads()]


def uploads() -> list[str]:
    """Files of uploads on the disk."""
    return [path.name for path in Path(tempfile.gettempdir()).iterdir() if path.name.startswith("volley-upload")]
