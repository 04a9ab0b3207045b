"""Lua scripts as objects: text from a `.lua` file, run by hash, loaded again when the server forgot it."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError

from producer.contract.client import Client

Argument = str | bytes | int | float


class Script:
    """One Lua script. `head` is put before the file's text (shared functions, generated tables)."""

    def __init__(self, package: str, name: str, *, head: str = "") -> None:
        text = files(package).joinpath(f"lua/{name}.lua").read_text(encoding="utf-8")
        self.name = name
        self.text = f"{head}\n{text}" if head else text
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def run(
        self, redis: Client, keys: Sequence[str], args: Sequence[Argument]
    ) -> Any:  # Any: each script has its own answer; its typed wrapper says which
        """Run it once, in a round trip of its own."""
        try:
            return await redis.evalsha(self.sha, len(keys), *keys, *args)
        except NoScriptError:  # with its text it runs whatever the server forgets meanwhile, and is known again
            return await redis.eval(self.text, len(keys), *keys, *args)


async def execute(
    redis: Client, script: Script, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
) -> list[Any]:  # Any: see Script.run
    """Run one script several times in one round trip; the answers in the order of `calls`.

    Every script is atomic by itself; the pipeline is no transaction. Raises the first error that is not
    a forgotten script. A forgotten script did nothing, so the calls that met it are run again.
    """
    if len(calls) == 1:  # the usual case of a busy sender: a pipeline costs more than the call in it
        return [await script.run(redis, *calls[0])]
    answers = await _send(redis, "evalsha", script.sha, calls)
    forgotten = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
    if forgotten:
        again = await _send(redis, "eval", script.text, [calls[index] for index in forgotten])
        for index, answer in zip(forgotten, again, strict=True):
            answers[index] = answer
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


async def _send(
    redis: Client, command: str, script: str, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
) -> list[Any]:  # Any: see Script.run
    async with redis.pipeline(transaction=False) as pipe:
        for keys, args in calls:
            getattr(pipe, command)(script, len(keys), *keys, *args)
        answers: list[Any] = await pipe.execute(raise_on_error=False)
        return answers
