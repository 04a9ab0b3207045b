"""The exchange against real servers on loopback: what an answer is, base URLs, requests that wait for their turn.

Requests that do not end in an answer are in `test_exchange_failing.py`.
"""

import asyncio
import socket
import time
from email.utils import formatdate
from urllib.parse import parse_qsl

import pytest
from msgspec import structs

from tests.support import wait_until
from tests.worker.providers.serving import OK, REQUEST, exchanging, hanging, saying, serving
from worker.providers.exchange import AnswerLost, Exchange, NotSent, Withheld
from worker.providers.registry import FAMILIES
from worker.providers.requests import LONGEST_LIST, Answer, HttpRequest


async def test_an_answer_comes_back_whole_and_the_request_left_as_one_posted_form() -> None:
    async with serving(saying(OK, close=False)) as server, exchanging(server.url) as exchange:
        assert await exchange.ask(REQUEST) == Answer(status=200, body=b"ok")
    [(head, body)] = server.requests
    assert head.startswith("POST /sys/send.php HTTP/1.1\r\n")
    assert "application/x-www-form-urlencoded" in head
    assert "secret" not in head
    assert parse_qsl(body.decode(), keep_blank_values=True) == [*REQUEST.form, *REQUEST.credentials]


@pytest.mark.parametrize("ahead", [-3600, 0, 7200])
async def test_the_date_of_an_answer_tells_how_far_the_providers_clock_is_ahead(ahead: int) -> None:
    date = formatdate(time.time() + ahead, usegmt=True).encode()
    answer = saying(OK.replace(b"\r\n", b"\r\nDate: " + date + b"\r\n", 1))
    async with serving(answer) as server, exchanging(server.url) as exchange:
        assert exchange.clock_ahead is None
        await exchange.ask(REQUEST)
        assert exchange.clock_ahead == pytest.approx(ahead, abs=30)


@pytest.mark.parametrize("head", [b"", b"Date: yesterday\r\n", b"Date: Fri, 32 Nov 2026 10:00:00 GMT\r\n"])
async def test_an_answer_without_a_readable_date_tells_no_clock(head: bytes) -> None:
    answer = saying(OK.replace(b"\r\n", b"\r\n" + head, 1))
    async with serving(answer) as server, exchanging(server.url) as exchange:
        assert isinstance(await exchange.ask(REQUEST), Answer)
        assert exchange.clock_ahead is None


async def test_half_a_surrogate_pair_leaves_as_a_question_mark() -> None:
    async with serving(saying(OK)) as server, exchanging(server.url) as exchange:
        broken = HttpRequest(call="send", path="/", form=(("mes", "a\ud83d"),))
        assert await exchange.ask(broken) == Answer(status=200, body=b"ok")
    assert server.requests[0][1] == b"mes=a%3F"


async def test_a_path_in_the_base_url_is_kept() -> None:
    async with serving(saying(OK)) as server, exchanging(server.url + "/white/label/") as exchange:
        await exchange.ask(REQUEST)
    assert server.requests[0][0].startswith("POST /white/label/sys/send.php ")


async def test_a_server_error_is_an_answer() -> None:
    said = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    async with serving(saying(said)) as server, exchanging(server.url) as exchange:
        assert await exchange.ask(REQUEST) == Answer(status=503, body=b"<html>")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(status: int) -> None:
    said = f"HTTP/1.1 {status} Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode()
    async with serving(saying(said)) as server, exchanging(server.url) as exchange:
        assert await exchange.ask(REQUEST) == Answer(status=status, body=b"")
    assert len(server.requests) == 1


async def test_a_connection_is_used_again_and_cookies_are_not_kept() -> None:
    said = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 2\r\n\r\nok"
    async with serving(saying(said, close=False)) as server, exchanging(server.url) as exchange:
        for _ in range(3):
            assert isinstance(await exchange.ask(REQUEST), Answer)
    assert server.connections == 1
    assert len(server.requests) == 3
    assert "cookie" not in server.requests[-1][0].lower()


async def test_each_call_may_be_answered_at_its_own_length() -> None:
    """What a send can be answered is short; a page of the history is not."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
    longest = {"messages": 100, "status": 99}
    async with (
        serving(saying(said, close=False)) as server,
        Exchange(server.url, connections=1, longest=longest, longest_answer=99) as exchange,
    ):
        answers = [await exchange.ask(structs.replace(REQUEST, call=call)) for call in ("messages", "status", "send")]
    lost = AnswerLost(reason="answer too long")
    assert answers == [Answer(status=200, body=b"x" * 100), lost, lost]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_send_is_never_answered_at_the_length_of_a_list(name: str) -> None:
    longest = FAMILIES[name].rules.longest
    assert not {"send", "cost", "balance", "status", "key", "probe"} & longest.keys()
    assert max(longest.values()) <= LONGEST_LIST


# --- the base URL ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "provider.test",
        "ftp://provider.test",
        "https://",
        "https://a:b@p.test",
        "https://p.test/?key=1",
        "http://[::1",
        "https://a..b",
        "https://" + "x" * 70,
        "https://xn--/",
    ],
)
async def test_a_base_url_that_cannot_be_right_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as refusal:
        exchanging(url)
    assert "a:b" not in str(refusal.value)


# --- a request that waits for its turn ---------------------------------------------------------------------


async def test_a_request_waits_for_its_turn_with_its_connection_open() -> None:
    """Turns were waited for before connecting: a slow connect let the next requests arrive on its heels."""
    turn = asyncio.Event()

    async def may_leave() -> bool:
        await turn.wait()
        return True

    async with serving(saying(OK, close=False)) as server, exchanging(server.url) as exchange:
        asking = asyncio.create_task(exchange.ask_when(REQUEST, may_leave))
        await wait_until(lambda: server.connections == 1, description="the connection is open")
        assert server.requests == []
        turn.set()
        assert isinstance(await asking, Answer)
        assert len(server.requests) == 1


async def test_a_request_that_may_not_leave_any_more_is_withheld_whole() -> None:
    async def may_leave() -> bool:
        return False

    async with serving(None) as server, exchanging(server.url) as exchange:
        assert await exchange.ask_when(REQUEST, may_leave) == Withheld()
        await wait_until(lambda: server.connections == 1, description="there was a connection")
        assert server.bytes_read == b""


async def test_a_cancellation_withholds_what_has_not_left_and_is_raised_when_it_has() -> None:
    turn, is_asked = asyncio.Event(), asyncio.Event()

    async def may_leave() -> bool:
        is_asked.set()
        await turn.wait()
        return True

    async with serving(hanging) as server, exchanging(server.url) as exchange:
        waiting = asyncio.create_task(exchange.ask_when(REQUEST, may_leave))
        await is_asked.wait()
        waiting.cancel()
        assert await waiting == Withheld()
        turn.set()
        sent = asyncio.create_task(exchange.ask_when(REQUEST, may_leave))
        await wait_until(lambda: len(server.requests) == 1, description="the request is there")
        sent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sent


async def test_a_host_that_is_not_there_is_not_sent_to_and_has_no_turn() -> None:
    async def may_leave() -> bool:
        raise AssertionError("nothing could leave")

    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    async with exchanging(url) as exchange:
        assert isinstance(await exchange.ask_when(REQUEST, may_leave), NotSent)
