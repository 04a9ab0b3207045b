"""`volley message ID`: one message from submission to end, what was sent and what came back; `--ask` asks now."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import click

from ops.asking import Told, ask_about, failure
from ops.audit import AuditLog, at_terminal
from ops.commands.session import Session, json_option, print_json, with_redis
from ops.dashboard.views.message import message_view
from ops.errors import OpsError
from ops.story import Story, find, read_story
from producer.contract.messages import MessageId
from producer.msisdn import masked

_SHOWN: Final = (
    *("id", "campaign", "account", "lane", "msisdn", "line", "state", "words", "code", "attempts", "reference"),
    *("sender", "text", "segments", "exchanges", "not_kept", "answers"),
)
"""What of the page's view is printed as JSON, beside the timeline."""

View = Mapping[str, Any]  # Any: plain values


@click.command
@click.argument("message", metavar="ID")
@click.option("--ask", is_flag=True, help="Ask the provider first; a track worker applies what it says to the books.")
@click.option("--mask", is_flag=True, help="Hide its number and its text, and raw answers.")
@json_option
def message(*, message: str, ask: bool, mask: bool, as_json: bool) -> None:
    """Show the message ID (CAMPAIGN/CHUNK.PLACE, as `volley messages` prints it) from submission to end.

    With what was sent and answered, as far as that is kept.
    """
    try:
        wanted = MessageId.parse(message)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    with_redis(lambda session: _message(session, wanted, ask=ask, mask=mask, as_json=as_json))


async def _message(session: Session, wanted: MessageId, *, ask: bool, mask: bool, as_json: bool) -> None:
    story = await _story(session, wanted)
    told = await _asked(session, story) if ask else None
    story = await _story(session, wanted) if ask else story
    story = replace(story, trail=await find(session.redis, story))
    view = message_view(story, masked if mask else str, for_operator=not mask, at=datetime.now(UTC))
    if as_json:
        print_json(_record(view, told))
    else:
        click.echo("\n".join(_lines(view, told)))


async def _story(session: Session, wanted: MessageId) -> Story:
    story = await read_story(session.redis, wanted)
    if story is None:
        raise OpsError(f"there is no message {str(wanted)[:80]!r} (any more); `volley messages CAMPAIGN` lists them")
    return story


async def _asked(session: Session, story: Story) -> Told:
    """What the provider says, which the books have by then. OpsError with its words when it says nothing."""
    before = story.record.state
    async with AuditLog(session.redis).acting(at_terminal(), "message.ask", str(story.id), before=before) as act:
        told = await ask_about(session.redis, story.id)
        act.after = failure(told) or str(told.get("state", ""))
    if wrong := failure(told):
        raise OpsError(wrong)
    return told


def _record(view: View, told: Told | None) -> dict[str, Any]:  # Any: values of JSON
    timeline = [{name: event[name] for name in ("at", "what", "why", "is_next")} for event in view["timeline"]]
    record = {name: view[name] for name in _SHOWN} | {"timeline": timeline}
    return record if told is None else record | {"asked": told}


def _lines(view: View, told: Told | None) -> list[str]:
    code = f" {view['words']} [{view['code']}]" if view["code"] else ""
    facts = (
        f"number {view['msisdn'] or '(forgotten)'}, account {view['account']}, {view['lane']} lane,"
        f" {view['attempts']} attempts, reference {view['reference'] or '(none)'}"
    )
    text = f"text ({view['segments']} segments): {view['text']}"
    return [
        f"{view['id']}: {view['state']}{code}",
        facts,
        text,
        *_told_lines(told),
        "",
        *(_event(event) for event in view["timeline"]),
        *(line for exchange in view["exchanges"] for line in _exchange(exchange)),
        *(["", view["not_kept"]] if view["not_kept"] else []),
        *(line for answer in view["answers"] for line in _answer(answer)),
    ]


def _told_lines(told: Told | None) -> list[str]:
    if told is None:
        return []
    said = [f"{each['words']} [{each['code']}] {each['changed_at']}".rstrip() for each in told.get("records", ())]
    nothing = "it knows no such message (yet)" if told.get("unknown") else "nothing new"
    return [f"the provider says now: {'; '.join(said) or nothing}; {told['before']} → {told['state']}"]


def _event(event: View) -> str:
    now = "next" if event["is_next"] else "now"
    at = f"{event['at']:%Y-%m-%d %H:%M:%S}" if event["at"] else f"{now:>19}"
    return f"{at}  {event['what']}" + (f": {event['why']}" if event["why"] else "")


def _exchange(exchange: View) -> list[str]:
    ended = f"HTTP {exchange['status']}, {exchange['size']} bytes" if exchange["status"] else exchange["ending"]
    others = f" with {exchange['others']} more in it" if exchange["others"] else ""
    took = f"after {exchange['seconds']:.2f} s: {exchange['outcome']}"
    return [
        "",
        f"{exchange['at']:%Y-%m-%d %H:%M:%S} POST {exchange['path']}{others}: {ended} {took}",
        *_indented(f"{name}={value}" for name, value in exchange["request"]),
        *(["  answer:", *_indented([exchange["answer"]])] if exchange["answer"] else []),
    ]


def _answer(answer: View) -> list[str]:
    parts = [part for part in (answer["asked"], answer["excerpt"]) if part]
    return ["", f"{answer['at']:%Y-%m-%d %H:%M:%S} {answer['call']}: HTTP {answer['status']}", *_indented(parts)]


def _indented(texts: Iterable[str]) -> list[str]:
    return [f"    {line}" for text in texts for line in text.split("\n")]
