"""Forgetting a person beside campaigns: streams, the books of accounts, files, and how a number is recognised."""

from pathlib import Path

import orjson
import pytest

from producer.contract import keys
from producer.contract.exchanges import Kept
from producer.contract.exports import ExportRecord
from producer.contract.messages import Msisdn
from tests.support_erasure import places_of
from tests.worker.erasing import NAME, OTHER, PERSON, forgotten
from tests.worker.scene import Scene
from worker.callbacks import keeping
from worker.forgetting.needle import Needle
from worker.ledger import Journal
from worker.ledger.journal import APPLIED
from worker.providers.pushes import PushRequest


async def test_streams_shelf_and_calls_lose_the_person_and_keep_the_others(stage: Scene) -> None:
    journal = Journal(redis=stage.redis, length=1000)
    for msisdn in (PERSON, OTHER):
        await journal.write("athens", "status", 200, b'{"phone":"%s","message":"x"}' % msisdn.encode())
        await journal.write("athens", "status", 200, b'{"status":1}', asked=(("phone", msisdn), ("id", "v1")))
        await stage.redis.xadd(keys.exchanges("athens", Kept.FAILED), {"of": "a|0.0", "exchange": f'"+{msisdn}"'})
        await stage.redis.xadd(keys.INCOMING, {"from": msisdn, "text": "hi"})
        await stage.redis.xadd(keys.DEAD, {"recipients": f"+{msisdn[:2]} {msisdn[2:5]} {msisdn[5:]}", "reason": "no"})
        await stage.redis.xadd(keys.AUDIT, {"who": "eve", "target": msisdn})
        await stage.redis.hset(keys.calls("athens"), msisdn, "1")
        report = {"event": "report_delivered", "code": "", "words": "", "msisdn": msisdn, "at": 1}
        await stage.redis.hset(keys.orphans("athens"), f"8{msisdn[-1]}", orjson.dumps(report))
    await stage.redis.expire(keys.calls("athens"), 900)
    await stage.redis.expire(keys.exchanges("athens", Kept.FAILED), 900)
    found = await forgotten(stage)
    assert found == {"answers": 3, "incoming": 1, "dead": 1, "audit": 1, "calls": 1, "reports": 1}
    assert await places_of(stage.redis, PERSON, PERSON[5:]) == []
    left = await places_of(stage.redis, OTHER)
    assert len(left) == 7, left
    shelved = orjson.loads(await stage.redis.hget(keys.orphans("athens"), f"8{PERSON[-1]}"))
    assert (shelved["event"], shelved["msisdn"]) == ("report_delivered", "")


async def test_what_a_worker_is_still_to_take_is_left_and_told(stage: Scene) -> None:
    """A drained answer that is not applied and a pushed report exist nowhere else: deleted, they would be lost."""
    journal = Journal(redis=stage.redis, length=1000)
    answer = b'{"phone":"%s"}' % PERSON.encode()
    applied = await journal.write("athens", "drain", 200, answer)
    await stage.redis.hset(keys.cursors("athens"), APPLIED, applied)
    await journal.write("athens", "drain", 200, answer)
    push = PushRequest(query={"phone": PERSON}, body=b"", content_type="text/plain")
    await stage.redis.xadd(keys.pushed("athens"), keeping(push))
    await stage.redis.xadd(keys.INTAKE, {"v": "1", "recipients": PERSON})
    assert await forgotten(stage) == {"answers": 1, "waiting": 3}
    assert await stage.redis.xlen(keys.journal("athens")) == 1
    assert await forgotten(stage, served=()) == {"answers": 2, "waiting": 1}, "no worker will ever take them"


async def test_long_streams_are_gone_through_to_their_end(stage: Scene) -> None:
    journal = Journal(redis=stage.redis, length=1000)
    for place in range(65):
        await journal.write("athens", "status", 200, (PERSON if place % 2 else OTHER).encode())
    assert await forgotten(stage, seconds=0) == {"answers": 32}
    assert await stage.redis.xlen(keys.journal("athens")) == 33


# --- files ---------------------------------------------------------------------------------------------


async def test_rows_with_the_number_go_from_exported_files_in_whatever_charset(stage: Scene, tmp_path: Path) -> None:
    """They were named and left: whoever had to forget somebody had to edit files of gigabytes by hand."""
    (tmp_path / "athens").mkdir()
    text = f'id;phone;text\r\n1;{OTHER};"x ""y"""\r\n2;{PERSON};"dear\n{NAME}"\r\n3;{OTHER};Привет'
    for task, encoding in enumerate(("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "cp1251")):
        path = tmp_path / "athens" / f"athens-{task}.csv"
        path.write_bytes(text.encode(encoding))
        record = {"task": task, "state": "done", "file": str(path), "sha256": "abc", "size": path.stat().st_size}
        await stage.redis.hset(keys.exports("athens"), str(task), orjson.dumps(record))
    assert await forgotten(stage, folder=tmp_path, seconds=0) == {"rows": 6}
    for task, encoding in enumerate(("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "cp1251")):
        data = (tmp_path / "athens" / f"athens-{task}.csv").read_bytes()
        left = data.decode(encoding).splitlines()
        assert left == ["id;phone;text", f'1;{OTHER};"x ""y"""', left[2], f"3;{OTHER};Привет"]
        assert (left[2].strip(), len(data)) == ("", len(text.encode(encoding)))
        told = ExportRecord.unpack(await stage.redis.hget(keys.exports("athens"), str(task)))
        assert (told.state, told.sha256, told.size) == ("done", "", len(data))
    assert await forgotten(stage, folder=tmp_path) == {}


async def test_long_files_are_gone_through_piece_by_piece_and_only_rows_with_the_number_change(
    stage: Scene, tmp_path: Path
) -> None:
    rows = [f'{place};{PERSON if place % 50_000 == 7 else OTHER};"a text\nof lines"\n' for place in range(200_000)]
    path = tmp_path / "athens-1.csv"
    path.write_text("".join(rows))
    assert await forgotten(stage, folder=tmp_path, seconds=0) == {"rows": 4}
    kept = "".join(" " * (len(row) - 1) + "\n" if PERSON in row else row for row in rows)
    assert path.read_text() == kept


async def test_of_a_row_without_an_end_only_the_number_goes(stage: Scene, tmp_path: Path) -> None:
    path = tmp_path / "athens-1.csv"
    for before in (5_000_000, 4 * 1024 * 1024 - 6):
        path.write_bytes(b'"' + b"x" * before + PERSON.encode() + b"y" * 5_000_000)
        assert (await forgotten(stage, folder=tmp_path))["rows"] == 1
        assert path.read_bytes() == b'"' + b"x" * before + b" " * len(PERSON) + b"y" * 5_000_000


@pytest.mark.parametrize("state", ["applying", "downloading", "wanted"])
async def test_a_file_that_is_in_use_is_named_and_left(stage: Scene, tmp_path: Path, state: str) -> None:
    path = tmp_path / "athens-1.csv"
    path.write_text(f"2;{PERSON};1\n")
    record = {"task": 1, "state": state, "file": str(path), "sha256": "abc"}
    await stage.redis.hset(keys.exports("athens"), "1", orjson.dumps(record))
    assert await forgotten(stage, folder=tmp_path) == {"files": [str(path)]}
    assert PERSON in path.read_text()


async def test_files_that_are_no_exports_are_named_in_whatever_charset(stage: Scene, tmp_path: Path) -> None:
    for name, encoding in (("a.csv", "utf-8"), ("b.csv", "utf-16"), ("c.csv", "utf-16-be"), ("d.csv", "cp1251")):
        (tmp_path / "athens").mkdir(exist_ok=True)
        (tmp_path / "athens" / name).write_text(f"1;{OTHER};x\n2;{PERSON};y\n", encoding=encoding)
    (tmp_path / "none.csv").write_text(f"1;{OTHER};x\n")
    record = {"task": 1, "state": "done", "file": "/elsewhere/1.csv"}
    await stage.redis.hset(keys.exports("athens"), "1", orjson.dumps(record))
    found = await forgotten(stage, folder=tmp_path, seconds=0)
    assert [Path(name).name for name in found["files"]] == ["a.csv", "b.csv", "c.csv", "d.csv"]
    assert found["elsewhere"] == ["/elsewhere/1.csv"]


async def test_a_number_between_two_pieces_of_a_file_is_found(stage: Scene, tmp_path: Path) -> None:
    piece = 4 * 1024 * 1024
    (tmp_path / "long.csv").write_bytes(b"x" * (piece - 5) + PERSON.encode() + b"y" * piece)
    found = await forgotten(stage, folder=tmp_path, seconds=0)
    assert [Path(name).name for name in found["files"]] == ["long.csv"]


# --- how a number is recognised ------------------------------------------------------------------------

GREEK = Needle(Msisdn("306912345678"))


@pytest.mark.parametrize(
    "written",
    ["306912345678", "+306912345678", "00306912345678", "+30 691 234 5678", "+30-691-234-5678", "(+30) 6912345678",
     "6912345678", "691 2345678", "+30.6912.345.678"],
)  # fmt: skip
def test_a_number_is_found_as_people_write_it(written: str) -> None:
    assert GREEK.is_written_in(f'["x","{written}","306900000000"]'.encode())


@pytest.mark.parametrize("written", ["306912345679", "16912345678", "69123456781", "3069123 and 45678", ""])
def test_another_number_is_not_taken_for_it(written: str) -> None:
    assert not GREEK.is_written_in(f'["{written}","306900000000"]'.encode())
