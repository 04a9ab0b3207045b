"""Messages as CSV, JSON lines and Parquet: the same rows in each, streamed, and files that are whole or not there."""

import csv
import io
import os
import signal
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet
from redis.asyncio import Redis

from ops.cli import main
from ops.errors import OpsError
from ops.rows import COLUMNS, Format, file_written, rows_written
from producer.client import CampaignProducer
from producer.directory import announce
from producer.pool import connect
from tests.support import CHECKOUT
from tests.support_terminal import on_terminal
from tests.worker.plain import plain_account
from tests.worker.scene import entry, numbers

MOMENT = datetime(2026, 11, 21, 10, 30, 15, tzinfo=UTC)
COUNT = 45_000  # more than two row groups


def row(place: int) -> dict[str, object]:
    return {
        "message": f"spring/0.{place}",
        "msisdn": f"3069{10_000_000 + place}",
        "state": "delivered" if place % 2 else "queued",
        "attempts": place % 3,
        "changed_at": MOMENT if place % 2 else None,
        "reference": "",
        "code": "smsc.status.1",
        "words": 'Доставлено; "so", it says\n',
    }


ROWS = [row(place) for place in range(5)]


def written(form: Format, rows: list[dict[str, object]]) -> bytes:
    stream = io.BytesIO()
    with rows_written(form, stream) as write:
        for one in rows:
            write(one)
    return stream.getvalue()


def read(form: Format, data: bytes) -> list[dict[str, Any]]:
    match form:
        case Format.CSV:
            found = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
            return [
                one | {"attempts": int(one["attempts"]), "changed_at": _moment(one["changed_at"])} for one in found
            ]
        case Format.JSONL:
            lines = map(orjson.loads, data.splitlines())
            return [one | {"changed_at": _moment(one["changed_at"])} for one in lines]
        case Format.PARQUET:
            return parquet.read_table(io.BytesIO(data)).to_pylist()


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize("form", Format)
def test_the_same_rows_come_back_from_every_format(form: Format) -> None:
    assert read(form, written(form, ROWS)) == ROWS
    assert read(form, written(form, [])) == []


def test_a_parquet_file_has_types_and_groups() -> None:
    data = written(Format.PARQUET, [row(place) for place in range(COUNT)])
    file = parquet.ParquetFile(io.BytesIO(data))
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert list(types) == list(COLUMNS)
    assert {name: kind for name, kind in types.items() if kind != "string"} == {
        "attempts": "int32",
        "changed_at": "timestamp[us, tz=UTC]",
    }
    assert [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)] == [
        20_000,
        20_000,
        5_000,
    ]


class Nowhere(io.RawIOBase):
    """Counts what is written, and keeps nothing."""

    length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.length += len(data)
        return len(data)


@pytest.mark.parametrize("form", Format)
def test_memory_does_not_grow_with_the_rows(form: Format) -> None:
    def peak(count: int) -> int:
        """The most bytes that Python and pyarrow held while so many rows were written."""
        held, stream = 0, Nowhere()
        tracemalloc.start()
        with rows_written(form, stream) as write:
            for place in range(count):
                write(row(place))
                if place % 1000 == 0:
                    held = max(held, pa.total_allocated_bytes())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert stream.length > count
        return most + held

    assert peak(66_000) < peak(22_000) * 1.3 + 1_000_000


def test_a_file_gets_its_name_when_it_is_whole_and_leaves_nothing_when_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    with suppress(KeyError), file_written(path) as stream:
        stream.write(b"half")
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with file_written(path) as stream:
        stream.write(b"whole")
        assert not path.exists()
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"whole", 0o600)


def test_a_file_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    says = r"cannot write .*: No such file or directory; give another --output"
    with pytest.raises(OpsError, match=says), file_written(tmp_path / "nowhere" / "messages.csv"):
        pass


# --- the command -------------------------------------------------------------------------------------------


@pytest.fixture
async def environment(redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A Redis with one campaign of 1,200 messages."""
    client = connect(redis_url)
    await announce(client, [entry(plain_account("athens"))])
    producer = CampaignProducer(client)
    await producer.submit(account_name="athens", text="Hello", recipients=numbers(1200), campaign_id="spring")
    await client.aclose()
    monkeypatch.setenv("REDIS_URL", redis_url)
    return {"REDIS_URL": redis_url}


def volley(*words: str) -> Result:
    return CliRunner().invoke(main, ["messages", "spring", *words])


def test_every_format_lists_every_message_to_a_file_and_to_standard_output(
    environment: dict[str, str], tmp_path: Path
) -> None:
    for form in Format:
        printed = volley("--format", form.value)
        assert printed.exit_code == 0, printed.stderr
        path = tmp_path / form
        assert volley("--format", form.value, "--output", str(path)).stdout == ""
        assert path.read_bytes() == printed.stdout_bytes
        assert [one["msisdn"] for one in read(form, path.read_bytes())] == numbers(1200)


def test_parquet_goes_through_a_pipe(environment: dict[str, str]) -> None:
    """pyarrow asks a stream how far it is, and a pipe cannot tell."""
    command = [sys.executable, "-m", "ops.cli", "messages", "spring", "--format", "parquet", "--mask"]
    ran = subprocess.run(
        command, cwd=CHECKOUT, env={**os.environ, **environment}, capture_output=True, check=False, stdin=None
    )
    assert ran.stderr == b""
    assert read(Format.PARQUET, ran.stdout)[0]["msisdn"] == "3069•••••00"


def test_json_and_another_format_exclude_each_other(environment: dict[str, str]) -> None:
    ran = volley("--json", "--format", "parquet")
    assert ran.exit_code == 2
    assert "--json is --format jsonl" in ran.stderr
    assert volley("--json", "--format", "jsonl").exit_code == 0


def test_without_pyarrow_it_says_how_to_get_it(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = volley("--format", "parquet")
    assert ran.exit_code == 1
    assert "pip install pyarrow (or 'volley[parquet]'), or take --format csv" in ran.stderr
    assert volley("--format", "csv").exit_code == 0


def test_parquet_is_not_thrown_at_a_terminal(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "ops.cli", "messages", "spring", "--format", "parquet"]
    with on_terminal(command, env=environment) as terminal:
        assert terminal.ended(60) == 2
    assert "give --output FILE, or redirect standard output" in terminal.text


@pytest.fixture
def slow_program(tmp_path: Path) -> list[str]:
    """`volley messages` that says `begun` at its first message, and then waits for ever."""
    code = (
        "import asyncio, sys\n"
        "from ops.commands import listing\n"
        "from ops.messages import read_messages\n"
        "async def slow(*found):\n"
        "    async for message in read_messages(*found):\n"
        "        yield message\n"
        "        print('begun', file=sys.stderr, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "listing.read_messages = slow\n"
        "from ops.cli import main\n"
        "main(args=sys.argv[1:])\n"
    )
    return [sys.executable, "-c", code, "messages", "spring", "--output", str(tmp_path / "messages.csv")]


def test_ctrl_c_leaves_no_half_file(environment: dict[str, str], slow_program: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        slow_program, cwd=CHECKOUT, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    assert len(list(tmp_path.iterdir())) == 1, "what is not whole is there under another name"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (130, "interrupted")
    assert list(tmp_path.iterdir()) == []
