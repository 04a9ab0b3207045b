"""No answer holds a worker's event loop: what is read at once is read within a tenth of a second, the rest beside it.

Times are of the CPU. The slowest reading took 0.4 s for an answer of a send, and 40 s for one of 8 MB.
"""

import asyncio
import itertools
import random
import threading

import pytest

from tests.fuzz.bounds import seconds_of
from tests.fuzz.from_providers import CLIENT_ID, MESSAGES, readings
from tests.fuzz.grid import AGAIN, BEFORE
from worker.digesting import AT_ONCE, digested
from worker.providers.registry import FAMILIES
from worker.providers.requests import LONGEST_ANSWER, LONGEST_LIST, Answer, Dialect

HELD = 0.3
"""CPU seconds: three times of what is meant, because a second is shorter where two programs share a core."""

_BEHIND = {b'{"a":"': b'"}', b'{"phones":[': b"0]}", b"<response>": b"</response>", b"<result>": b"</result>"}
_SLOWEST = [(b'{"phones":[', b"{},"), (b"<result>", b"x<a/>"), (b"<response>", b"x<a/>"), (b"1|x", b"1,2\n")]
SOME = _SLOWEST + random.Random(20261121).sample(list(itertools.product(BEFORE, AGAIN)), 20)
FORMATS = [(name, form) for name in FAMILIES for form in FAMILIES[name].formats]


def body(before: bytes, again: bytes, length: int) -> bytes:
    return before + again * (length // len(again)) + _BEHIND.get(before, b"")


@pytest.mark.parametrize(("name", "form"), FORMATS)
def test_the_answer_to_a_send_is_read_at_once(name: str, form: str) -> None:
    """As long as it may be. With one reading beside the loop a message would have no state while it is stopped."""
    read = FAMILIES[name].sending.read
    for before, again in SOME:
        answer = Answer(status=200, body=body(before, again, LONGEST_ANSWER), dialect=Dialect(format=form))
        took = seconds_of(lambda answer=answer: read(MESSAGES, CLIENT_ID, answer, earlier_attempt=False), enough=HELD)
        assert took < HELD, (before, again)


@pytest.mark.parametrize(("name", "form"), FORMATS)
def test_what_is_read_at_once_takes_no_time(name: str, form: str) -> None:
    for before, again in SOME:
        answer = Answer(status=200, body=body(before, again, AT_ONCE), dialect=Dialect(format=form))
        for read in readings(name):
            assert seconds_of(lambda read=read, answer=answer: read(answer), enough=HELD) < HELD, (before, again)


async def test_a_long_answer_is_read_beside_the_loop() -> None:
    """The loop goes on while some hundred kilobytes of the slowest kind are read; a short one is read at once."""
    read, turns = FAMILIES["smsc"].calls["operator"].read, 0
    answer = Answer(status=200, body=b"1,2\n" * 19_000, dialect=Dialect(format="1"))
    reading = asyncio.create_task(digested(read, answer))
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
    assert await reading == read(answer)

    def thread(_: Answer) -> int:
        return threading.get_ident()

    assert await digested(thread, Answer(status=200, body=b"x" * AT_ONCE)) == threading.get_ident()
    assert await digested(thread, Answer(status=200, body=b"x" * (AT_ONCE + 1))) != threading.get_ident()


@pytest.mark.parametrize("unit", [b"1,2\n", b"a\n", b"phone = 1\n"])
@pytest.mark.parametrize("form", ["0", "1"])
def test_a_list_of_more_rows_than_anybody_asks_for_is_no_answer(form: str, unit: bytes) -> None:
    """Eight megabytes of short rows took 40 s of a thread, too."""
    answer = Answer(status=200, body=unit * (LONGEST_LIST // len(unit)), dialect=Dialect(format=form))
    assert seconds_of(lambda: FAMILIES["smsc"].calls["operator"].read(answer)) < 5.0
