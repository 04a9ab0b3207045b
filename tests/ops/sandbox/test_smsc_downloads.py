"""Deferred tasks: made at the admin address, listed and downloaded by downloads.php (PROVIDERS.md A10, S4)."""

import csv
import tracemalloc
from typing import Any

import aiohttp
import pytest

from ops.sandbox.exports import COLUMNS, Task, chunks_of
from tests.ops.sandbox.driving import Heard, Sandbox

PHONE = "79990000001"
WHO = {"login": "demo", "psw": "demo-secret", "fmt": "3", "charset": "utf-8"}


async def _file(sandbox: Sandbox, **form: str) -> Heard:
    return await sandbox.call("/sys/downloads.php", **(WHO | {"get_file": "1"} | form))


async def _make(sandbox: Sandbox, **task: Any) -> Any:
    made = await sandbox.happen("task", **({"start_after": 0, "done_after": 0} | task))
    sandbox.time.now += 21
    return made


async def test_a_task_waits_runs_and_is_done(sandbox: Sandbox) -> None:
    assert await sandbox.happen("task", name="may") == {"id": 1, "name": "may", "file": "may.csv"}
    seen = []
    for step in (0.0, 1.0, 2.0):
        sandbox.time.now += step
        seen += await sandbox.smsc("downloads", get_list="1")

    created = "18.11.2026 14:06:40"
    started = "18.11.2026 14:06:41"
    assert seen == [
        {"id": 1, "name": "may", "status": 0, "created": created, "time": "", "file": ""},
        {"id": 1, "name": "may", "status": 1, "created": created, "time": started, "file": ""},
        {"id": 1, "name": "may", "status": 2, "created": created, "time": started, "file": "may.csv"},
    ]


@pytest.mark.parametrize("ending", [3, 4])
async def test_a_task_may_be_cancelled_or_fail(sandbox: Sandbox, ending: int) -> None:
    await _make(sandbox, ending=ending)

    assert [task["status"] for task in await sandbox.smsc("downloads", get_list="1")] == [ending]
    assert (await _file(sandbox, id="1")).json["error_code"] == 3


# documented: W-dl; refusals guessed
@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({}, [1, 2, 3]),
        ({"cnt": "2"}, [1, 2]),
        ({"after_id": "1"}, [2, 3]),
        ({"after_id": "1", "cnt": "1"}, [2]),
        ({"after_id": "3"}, []),
        ({"cnt": "0"}, 1),
        ({"cnt": "x"}, 1),
        ({"after_id": "x"}, 1),
    ],
)
async def test_tasks_are_listed_in_order(sandbox: Sandbox, form: dict[str, str], found: list[int] | int) -> None:
    for _ in range(3):
        await _make(sandbox)

    answer = await sandbox.smsc("downloads", get_list="1", **form)
    assert (answer["error_code"] if isinstance(found, int) else [task["id"] for task in answer]) == found


@pytest.mark.parametrize("form", [{"id": "1"}, {"name": "may"}, {"name": "may.csv"}])
async def test_the_file_holds_the_sent_messages_in_windows_1251(sandbox: Sandbox, form: dict[str, str]) -> None:
    await sandbox.smsc("send", phones=PHONE, mes='Привет; "друг"\nЛюдям', id="v-1", sender="ACME")
    await sandbox.smsc("send", phones="79990000931", mes="x", id="v-2")
    await sandbox.smsc("send", phones=PHONE, mes="gone", id="v-3", time="+99")
    await sandbox.smsc("status", phone=PHONE, id="v-3", **{"del": "1"})
    await _make(sandbox, name="may")

    heard = await _file(sandbox, **form)
    rows = list(csv.reader(heard.body.decode("cp1251").splitlines(keepends=True), delimiter=";"))
    sent, ended = "18.11.2026 14:06:40", "18.11.2026 14:06:42"
    text = 'Привет; "друг"\nЛюдям'
    assert heard.content_type == "text/csv"
    assert rows == [
        list(COLUMNS["ru"]),
        ["v-1", PHONE, "1", "Delivered", "0", ended, sent, "ACME", "1.44", "1", text],
        ["v-2", "79990000931", "20", "Undeliverable", "1", ended, sent, "", "1.44", "1", "x"],
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "koi8-r"])
@pytest.mark.parametrize("header", ["en", "none"])
async def test_encoding_delimiter_and_header_are_options(sandbox: Sandbox, encoding: str, header: str) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="Привет", id="v-1")
    await _make(sandbox, encoding=encoding, delimiter="|", header=header)

    heard = await _file(sandbox, id="1")
    lines = heard.body.decode(encoding).splitlines()
    assert lines[:-1] == (["|".join(COLUMNS["en"])] if header == "en" else [])
    assert lines[-1].startswith(f"v-1|{PHONE}|1|")
    assert heard.body.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")


async def test_a_file_is_padded_to_a_number_of_rows(sandbox: Sandbox) -> None:
    await sandbox.smsc("send", phones=PHONE, mes="real", id="v-1")
    await _make(sandbox, rows=5000, header="none")

    lines = (await _file(sandbox, id="1")).body.decode("cp1251").splitlines()
    assert (len(lines), lines[0].split(";")[0], lines[4999].split(";")[:3]) == (
        5000,
        "v-1",
        ["pad-4999", "79000004999", "1"],
    )


def test_a_million_rows_pass_in_constant_memory() -> None:
    task = Task(id=1, name="big", created=0, created_at=0, rows=100_000)
    tracemalloc.start()
    size = sum(len(chunk) for chunk in chunks_of(task, iter(()), 0, broken=False))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 9_000_000
    assert peak < 2_000_000


async def test_a_download_may_break_off_in_the_middle_of_a_row_once(sandbox: Sandbox) -> None:
    await _make(sandbox, rows=1000, fault="break")
    form = WHO | {"get_file": "1", "id": "1"}
    async with sandbox.session.post(f"{sandbox.url}/sys/downloads.php", data=form) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()

    assert len((await _file(sandbox, id="1")).body.splitlines()) == 1001


def test_a_broken_file_ends_in_the_middle_of_a_row() -> None:
    task = Task(id=1, name="big", created=0, created_at=0, rows=1000)
    whole = b"".join(chunks_of(task, iter(()), 0, broken=False))
    half = b"".join(chunks_of(task, iter(()), 0, broken=True))

    assert whole.startswith(half)
    assert 0.4 < len(half) / len(whole) < 0.6
    assert not half.endswith(b"\n")


@pytest.mark.parametrize(("fmt", "body"), [("0", b"ERROR = 15 (unknown error)"), ("1", b"0,-15")])
async def test_an_error_may_come_instead_of_a_file(sandbox: Sandbox, fmt: str, body: bytes) -> None:
    await _make(sandbox, fault="error", fault_times=2, rows=1)
    answers = [(await _file(sandbox, id="1", fmt=fmt)).body for _ in range(3)]

    assert answers[:2] == [body, body]
    assert answers[2].decode("cp1251").startswith("ID;Телефон;")


# guessed: error 3 for a file that is not there (yet)
@pytest.mark.parametrize(("form", "code"), [({}, 1), ({"id": "7"}, 3), ({"name": "7"}, 3), ({"id": "1"}, 3)])
async def test_a_file_that_is_not_there_is_an_error(sandbox: Sandbox, form: dict[str, str], code: int) -> None:
    await sandbox.happen("task")

    assert (await _file(sandbox, **form)).json["error_code"] == code


@pytest.mark.parametrize(
    "task",
    [
        *({"ending": 1}, {"encoding": "latin-1"}, {"header": "gr"}, {"delimiter": ""}, {"rows": -1}),
        *({"rows": "many"}, {"fault": "flood"}, {"colour": "red"}, {"done_after": True}, {"id": 7}),
        {"login": "nobody"},
    ],
)
async def test_a_task_that_makes_no_sense_is_not_made(sandbox: Sandbox, task: dict[str, Any]) -> None:
    assert "error" in await sandbox.happen("task", **task)
    assert await sandbox.smsc("downloads", get_list="1") == []
