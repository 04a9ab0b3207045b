"""The worked examples of the wire contract, run as they stand in its README."""

import asyncio
import json
import os
import re
import shlex
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import PIPE
from urllib.parse import unquote, urlsplit

import pytest
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.key_rows import spec_of
from producer.contract.messages import CampaignId
from tests.contract.readme import examples
from tests.contract.receiving import dead, receiver, running, settled
from tests.contract.resp import RedisSaysNoError, ask, commands
from tests.support import CHECKOUT

README = CHECKOUT / "producer" / "contract" / "README.md"
WITHIN = 60.0


@pytest.fixture
async def taking(redis: Redis, redis_url: str) -> AsyncIterator[Redis]:
    """A Redis whose intake stream is read."""
    async with receiver(redis_url) as made, running(made):
        yield redis


@pytest.fixture
def socket_path(redis_url: str) -> str:
    return unquote(urlsplit(redis_url).path)


async def test_redis_cli(taking: Redis, socket_path: str) -> None:
    """With the real redis-cli where there is one (valkey-cli is as good), else word for word over a socket."""
    *_, script = examples(README, "redis-cli")
    calls = commands(script)
    puts = [words for words in calls if words[0] == "XADD"]
    assert len(puts) == 2
    for words in puts:
        await _call(words, socket_path)
    await settled(taking)
    state, counts = [await _call(words, socket_path) for words in calls if words[0] in {"HMGET", "HGETALL"}]
    assert state == ["running", "2", "0"]
    assert counts == ["queued", "2"]
    assert await dead(taking) == []
    assert await taking.zcard(keys.queue("athens", Lane.URGENT)) == 1


async def test_an_account_of_a_service_can_do_what_the_contract_says_and_no_more(
    taking: Redis, socket_path: str
) -> None:
    rights, script = examples(README, "redis-cli")
    [rule] = commands(rights)
    assert rule[:3] == ["ACL", "SETUSER", "shop"]
    try:
        assert await _call(rule, socket_path) == "OK"
        login = ["AUTH", "shop", "a-long-password"]
        answers = await asyncio.to_thread(ask, socket_path, [login, *commands(script)])
        assert len(answers) == 6
        for words in (["SET", "volley:intake", "x"], ["DEL", "volley:intake"], ["HSET", "volley:accounts", "a", "b"]):
            with pytest.raises(RedisSaysNoError, match="NOPERM"):
                await asyncio.to_thread(ask, socket_path, [login, words])
        with pytest.raises(RedisSaysNoError, match="NOPERM"):
            await asyncio.to_thread(ask, socket_path, [login, ["XADD", "volley:dead", "*", "a", "b"]])
    finally:
        await taking.acl_deluser("shop")
    await settled(taking)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
async def test_node_without_any_package(taking: Redis, redis_url: str, tmp_path: Path) -> None:
    [program] = examples(README, "node")
    (tmp_path / "volley.mjs").write_text(program)
    said = json.loads(await _run(["node", "volley.mjs"], tmp_path, {"REDIS_URL": redis_url}))
    assert said == {"total": "3", "counts": ["queued", "3"]}
    assert await dead(taking) == []


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
async def test_node_with_ioredis(taking: Redis, socket_path: str, tmp_path: Path) -> None:
    if not await _succeeds(["node", "-e", "require.resolve('ioredis')"], CHECKOUT):
        pytest.skip("ioredis is not installed")
    [program] = examples(README, "node ioredis")
    (tmp_path / "volley.mjs").write_text(program)
    await _run(["node", "volley.mjs"], tmp_path, {"REDIS_URL": socket_path})
    await _is_taken(taking, "ioredis-2026")


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not on this machine")
async def test_php_with_phpredis(taking: Redis, socket_path: str, tmp_path: Path) -> None:
    if not await _succeeds(["php", "-r", "exit(extension_loaded('redis') ? 0 : 1);"], tmp_path):
        pytest.skip("the extension phpredis is not installed")
    [program] = examples(README, "php")
    (tmp_path / "volley.php").write_text(program)
    await _run(["php", "volley.php"], tmp_path, {"REDIS_HOST": socket_path, "REDIS_PORT": "-1"})
    await _is_taken(taking, "php-2026")


@pytest.mark.skipif(shutil.which("go") is None, reason="go is not on this machine")
async def test_go_with_go_redis(taking: Redis, redis_url: str, tmp_path: Path) -> None:
    [program] = examples(README, "go")
    (tmp_path / "main.go").write_text(program)
    for command in (["go", "mod", "init", "example.com/volley"], ["go", "mod", "tidy"]):
        if not await _succeeds(command, tmp_path):
            pytest.skip(f"go-redis cannot be fetched here ({shlex.join(command)})")
    await _run(["go", "run", "."], tmp_path, {"REDIS_URL": redis_url})
    await _is_taken(taking, "go-2026")


def test_the_examples_that_need_a_tool_still_say_what_the_contract_says() -> None:
    """Where PHP or Go is missing, at least the names in their examples are the contract's."""
    for name in ("node", "node ioredis", "php", "go"):
        [program] = examples(README, name)
        assert "volley:intake" in program, name
        assert re.search(r"campaign\.submit", program), name
        assert "volley:campaign:" in program, name


def test_every_key_and_field_that_may_be_read_is_written_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    for pattern in ("volley:campaign:ID", "volley:campaign:ID:counts", "volley:campaign:ID:reasons"):
        assert f"`{pattern}`" in text
        assert spec_of(pattern.replace("ID", "spring")) is not None


async def _call(words: list[str], socket_path: str) -> object:
    """One call by the real program, else by ours; the program's lines as a list, one line as itself."""
    program = shutil.which("redis-cli") or shutil.which("valkey-cli")
    if program is None:
        [answer] = await asyncio.to_thread(ask, socket_path, [words])
        return answer
    said = (await _run([program, "-s", socket_path, *words], CHECKOUT, {})).splitlines()
    return said[0] if len(said) == 1 else said


async def _is_taken(redis: Redis, campaign: str) -> None:
    await settled(redis)
    assert await dead(redis) == []
    assert await redis.hget(keys.campaign(CampaignId(campaign)), "total") == b"1"


async def _run(command: list[str], folder: Path, env: dict[str, str]) -> str:
    """What it prints; AssertionError with its complaint when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**os.environ, **env}, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(WITHIN):
            out, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, complaint.decode()
    return out.decode()


async def _succeeds(command: list[str], folder: Path) -> bool:
    try:
        await _run(command, folder, {})
    except AssertionError:
        return False
    return True
