"""Submitting a campaign from the browser: the preview tells what would happen, and only the confirmation does it."""

import re
import tempfile
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard import uploading
from ops.dashboard.access import Access
from ops.web import FRAME
from producer.contract.campaigns import CampaignState
from producer.contract.messages import Msisdn
from producer.contract.states import State
from producer.suppression import SuppressionList
from tests.ops.dashboard.uploading import campaigns, left_over, previewed, upload
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, check, credentials, look, send, visit
from tests.worker.plain import NAME
from tests.worker.scene import Scene


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that uploads of others do not count as left over."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


async def test_the_preview_says_what_would_happen_and_nothing_is_stored(page: TestClient, stage: Scene) -> None:
    path = await previewed(page)
    seen = await look(page, path)
    for fact in ("To send 2", "Duplicates left out 1", "Refused 1", "Segments 2", "people.csv"):
        assert fact in seen.plain, fact
    assert "Hello Anna" in seen.words
    assert "Hello Charalampos" in seen.words
    assert "too short for +30" in seen.plain
    assert "306912345670" not in seen.words
    assert seen.posts == ["/logout", f"{path}/start", f"{path}/drop"]
    assert await campaigns(stage) == 0


async def test_the_confirmation_starts_it_once(page: TestClient, stage: Scene) -> None:
    path = await previewed(page, sender="ACME")
    answer = await send(page, f"{path}/start")
    assert (answer.status, answer.headers["Location"]) == (303, "/campaigns/spring?said=submitted")
    progress = await stage.producer.progress("spring")
    assert (progress.total, progress.refused, progress.duplicates) == (2, 1, 1)
    assert progress.state is CampaignState.RUNNING
    [act] = (await page.app[FRAME].audit.read()).entries
    assert (act.action, act.target) == ("campaign.submit", "spring")
    assert act.after == f"2 accepted, 1 refused, account {NAME}"
    assert (await send(page, f"{path}/start")).status == 404
    assert [name for name in await left_over(stage) if not name.startswith("volley:campaign:spring")] == []


async def test_a_preview_that_is_dropped_leaves_nothing(page: TestClient, stage: Scene) -> None:
    path = await previewed(page)
    assert len(await left_over(stage)) == 4, "the list, the draft, and its campaign with the recipients"
    assert (await send(page, f"{path}/drop")).headers["Location"] == "/submit?said=dropped"
    assert await left_over(stage) == []
    await look(page, path, status=404)
    assert await campaigns(stage) == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": " "}, "The text is empty"),
        ({"text": "Hello $nam"}, "The text needs &#39;nam&#39;"),
        ({"text": "100 $"}, "cannot be rendered"),
        ({"text": "x" * 1001}, "takes 1000"),
        ({"account": "never"}, "Unknown account &#39;never&#39;"),
        ({"campaign": "a/b"}, "is not usable"),
        ({"lane": "fast"}, "is not a valid Lane"),
        ({"not_after": "2001-01-01T00:00"}, "Its validity ends before anything could be sent"),
        ({"not_before": "tomorrow"}, "is no time"),
        ({"region": "XX"}, "Unknown region"),
        ({"column": "phone"}, "No column holds the number"),
        ({"encoding": "zlib"}, "The encoding is one of"),
        ({"options": "flash"}, "NAME=VALUE"),
        ({"options": "flash=1"}, "takes no option"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    page: TestClient, stage: Scene, fields: dict[str, str], words: str
) -> None:
    status, text = await upload(page, **{"sender": "ACME", **fields})
    assert status == 400
    assert words in text
    assert 'value="ACME"' in text
    check(text)
    assert await left_over(stage) == []
    assert await campaigns(stage) == 0


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "Nothing in it"),
        (b"PK\x03\x04\x00\x00", "NUL byte"),
        (b"to\n\xff\xfe", "is not utf-8"),
        (b"x,y\n1,2\n", "No column holds the number"),
        (b"306912345670\n306912345671\n", "No header"),
    ],
)
async def test_a_file_that_cannot_be_read_is_said_to_be_so(
    page: TestClient, stage: Scene, file: bytes, words: str
) -> None:
    status, text = await upload(page, file)
    assert (status, words in text) == (400, True), text
    assert await left_over(stage) == []


async def test_a_file_in_another_encoding_is_read_in_it(page: TestClient, stage: Scene) -> None:
    file = "to,name\n306912345670,Άννα\n".encode("cp1253")
    path = await previewed(page, file, encoding="cp1253")
    assert "Hello Άννα" in (await look(page, path)).words
    await send(page, f"{path}/start")
    assert (await stage.producer.progress("spring")).total == 1
    assert (await upload(page, file, encoding="utf-16"))[0] == 400


async def test_whoever_asked_to_stop_is_refused_in_the_preview(page: TestClient, stage: Scene) -> None:
    await SuppressionList(stage.redis).add(Msisdn("306912345670"), "stop")
    seen = await look(page, await previewed(page))
    assert "To send 1" in seen.plain
    assert "is on the suppression list" in seen.plain


async def test_nobody_left_cannot_be_started(page: TestClient, stage: Scene) -> None:
    path = await previewed(page, "to,name\n1,A\n")
    seen = await look(page, path)
    assert "There is nobody to send to." in seen.words
    assert f"{path}/start" not in seen.posts
    assert (await send(page, f"{path}/start")).status == 409
    await look(page, path)


async def test_an_id_that_is_taken_is_told_before_anything_is_loaded(page: TestClient, stage: Scene) -> None:
    await stage.submit("spring", 1, text="other")
    status, text = await upload(page)
    assert (status, "take another id" in text) == (400, True)
    assert (await stage.producer.progress("spring")).total == 1


async def test_a_later_preview_of_the_same_id_takes_the_place_of_the_earlier(page: TestClient, stage: Scene) -> None:
    """Somebody corrects the file and uploads it again: what is started is what was looked at."""
    first = await previewed(page)
    second = await previewed(page, "to,name\n306912345672,Di\n")
    await look(page, first, status=404)
    assert (await send(page, f"{first}/start")).status == 404
    assert (await send(page, f"{second}/start")).status == 303
    assert (await stage.producer.progress("spring")).total == 1


async def test_any_web_process_shows_a_preview_and_starts_it(stage: Scene) -> None:
    """Drafts used to lie in the memory and on the disk of one process: a restart lost them."""
    async with visit(stage.redis) as page:
        path = await previewed(page)
    async with visit(stage.redis) as page:
        assert "To send 2" in (await look(page, path)).plain
        assert (await send(page, f"{path}/start")).status == 303
    assert (await stage.producer.progress("spring")).states == {State.QUEUED: 2}
    await stage.feeder.step()
    assert await stage.queued() == {"spring/0.0", "spring/0.1"}


async def test_hostile_names_texts_and_values_are_text(page: TestClient, stage: Scene) -> None:
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    file = f"to,name\n306912345670,{quoted}\n{quoted},x\n"
    path = await previewed(page, file, file_name=f"../../{HOSTILE}.csv", sender=HOSTILE)
    seen = await look(page, path)
    assert seen.words.count("<script>alert(1)</script>") == 2  # sender, text; a number is masked
    assert (seen.tags["img"], seen.tags["script"]) == (0, 0)
    assert re.fullmatch("/submit/[0-9a-f]{32}", path)
    status, text = await upload(page, text=f"$ {HOSTILE}", campaign=HOSTILE, account=HOSTILE, options=HOSTILE)
    assert status == 400
    assert check(text).tags["img"] == 0


async def test_what_is_too_large_is_refused_while_it_comes(
    page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "LARGEST_FILE", 1000)
    assert (await upload(page, "to\n" + "306912345670\n" * 200))[0] == 413
    assert (await upload(page, text="x" * 70_000))[0] == 413
    assert (await upload(page, **{f"field{number}": "x" for number in range(40)}))[0] == 400
    assert await left_over(stage) == []


async def test_a_form_without_its_token_first_and_one_of_a_viewer_are_refused(stage: Scene) -> None:
    async with visit(stage.redis) as page:
        assert (await upload(page, token="wrong"))[0] == 403
        assert await left_over(stage) == []
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        assert (await upload(page))[0] == 403
        await look(page, "/submit", status=403)
        assert "/submit" not in (await look(page, "/campaigns")).loads


async def test_a_preview_belongs_to_whoever_made_it(stage: Scene) -> None:
    access = Access(credentials=credentials())
    operator = access.credentials.bearer("a long enough random text")
    assert operator is not None
    async with visit(stage.redis, access=access, known=operator) as page:
        path = await previewed(page)
        token = {"Authorization": f"Bearer {VIEWER_TOKEN}"}
        assert (await page.get(path, headers=token, cookies={})).status == 404


async def test_the_form_is_there_for_operators(page: TestClient, stage: Scene) -> None:
    seen = await look(page, "/submit")
    assert NAME in seen.words
    assert "/submit" in seen.posts
    assert "/submit" in (await look(page, "/campaigns")).loads
