"""The README's pictures: each is there and shown, and the command takes them of the size that is asked for."""

from pathlib import Path
from typing import Any

from ops.dashboard.access import make_link
from ops.screenshots import FOLDER, PICTURES, Picture, take
from tests.browser.marks import IN_A_BROWSER
from tests.browser.stage import Stage
from tests.support import CHECKOUT

pytestmark = IN_A_BROWSER


async def test_the_readme_shows_every_picture() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    shown = {picture.file for picture in PICTURES if f"(ops/dashboard/screens/{picture.file})" in readme}
    assert shown == {picture.file for picture in PICTURES} == {file.name for file in FOLDER.iterdir()}


async def test_a_page_is_taken_in_its_size(browser: Any, stage: Stage, tmp_path: Path) -> None:
    address, _, _ = stage.link.partition("/enter/")
    pictures = [
        Picture(name=name, path="/queues", width=400, height=300, is_dark=name == "dark")
        for name in ("dark", "light")
    ]
    link = await make_link(stage.system.producer._redis, address)
    await take(browser, address, link, pictures, tmp_path)
    dark, light = ((tmp_path / picture.file).read_bytes() for picture in pictures)
    for taken in (dark, light):
        assert taken.startswith(b"\x89PNG")
        assert (int.from_bytes(taken[16:20]), int.from_bytes(taken[20:24])) == (400, 300)
    assert dark != light
