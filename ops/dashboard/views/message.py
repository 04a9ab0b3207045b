"""One message as it is shown: its facts, and its timeline from submission to end. Pure functions."""

from collections.abc import Callable
from datetime import UTC, datetime

from ops.dashboard.acts import act
from ops.dashboard.views.kinds import View
from ops.story import Story
from ops.trail import RawAnswer, SentExchange
from producer.contract.campaigns import OnUncertain
from producer.contract.exchanges import put_back
from producer.contract.messages import Msisdn
from producer.contract.states import State
from producer.segments import measure

_WRITTEN_WITHIN = 3.0
"""Seconds after a change in which its exchange may not be written yet."""

# how a state is told as the last thing that happened
_TOLD = {
    State.QUEUED: "waits for its turn",
    State.IN_FLIGHT: "claimed by a worker, on its way to the provider",
    State.SUBMITTED: "accepted by the provider; no final report yet",
    State.ENROUTE: "on its way to the handset, says the provider",
    State.DEFERRED: "put off by the provider; it is tried again",
    State.UNCERTAIN: "perhaps sent: nobody can tell yet",
    State.DELIVERED: "delivered",
    State.UNDELIVERED: "not delivered, says the provider",
    State.EXPIRED: "expired",
    State.REJECTED: "rejected; it is never sent again",
    State.CANCELLED: "cancelled before it was sent",
}

_POLICIES = {
    OnUncertain.HOLD: "hold for a person",
    OnUncertain.RESEND: "send again",
    OnUncertain.ASSUME_SENT: "take as sent",
}


def message_view(story: Story, shown: Callable[[Msisdn], str], *, for_operator: bool, at: datetime) -> View:
    """One message at this time. What it said to its recipient, and raw answers, are for operators."""
    record, campaign, trail = story.record, story.campaign.campaign, story.trail
    measured = measure(story.text)
    return {
        "id": str(story.id),
        "campaign": story.campaign.id,
        "place": f"{story.id.chunk}.{story.id.place}",
        "account": story.campaign.progress.account,
        "lane": campaign.lane,
        "msisdn": shown(story.recipient.msisdn),
        "line": story.recipient.line,
        "state": record.state,
        "is_final": record.state.is_final,
        "is_uncertain": record.state is State.UNCERTAIN,
        "attempts": record.attempts,
        "reference": str(record.reference),
        "code": record.code,
        "words": story.words,
        "sender": campaign.sender,
        "on_uncertain": campaign.on_uncertain,
        "text": story.text if for_operator else campaign.text,
        "segments": measured.count,
        "alphabet": measured.encoding,
        "units": measured.units,
        "is_suppressed": story.is_suppressed,
        "timeline": timeline(story),
        "exchanges": [exchange_view(each, story, for_operator=for_operator) for each in trail.exchanges],
        "not_kept": not_kept(story, at),
        "answers": [_answer_view(each) for each in (trail.answers if for_operator else ())],
        "answers_found": len(trail.answers),
        "looked_through": trail.looked_through,
    }


def exchange_view(exchange: SentExchange, story: Story, *, for_operator: bool) -> View:
    """One exchange of its sending; an operator sees its number and text where they were, a viewer their labels."""
    number = story.recipient.msisdn if for_operator else Msisdn("")
    text = story.text if for_operator else ""
    return {
        "at": exchange.at,
        "seconds": exchange.seconds,
        "path": exchange.path,
        "request": [(name, put_back(value, story.id, number, text)) for name, value in exchange.request],
        "status": exchange.status,
        "answer": put_back(exchange.answer, story.id, number, text),
        "size": exchange.size,
        "ending": exchange.ending,
        "outcome": exchange.outcome,
        "others": exchange.others,
    }


def not_kept(story: Story, at: datetime) -> str:
    """What is to be said at this time of exchanges that are not there; empty when none is missing."""
    trail, record = story.trail, story.record
    attempts = record.attempts - (record.state is State.IN_FLIGHT)
    found = sum(exchange.is_attempt for exchange in trail.exchanges)
    if found >= attempts or at.timestamp() - record.changed_at < _WRITTEN_WITHIN:
        return ""
    if not trail.kept or trail.kept_since is None:
        return "None of this account's sends is kept: exchanges of [retention] is 0, or nothing was sent for long."
    missing = f"kept of {found} of {attempts} attempts" if found else "not kept, or no more"
    return (
        f"The exchange of its sending is {missing}: of what went well a sample is kept, of what failed the newest"
        f" (exchanges of [retention]). The oldest of this account is of {trail.kept_since:%Y-%m-%d %H:%M} UTC."
    )


def _answer_view(answer: RawAnswer) -> View:
    return {
        "at": answer.at,
        "call": answer.call,
        "status": answer.status,
        "size": answer.size,
        "asked": answer.asked,
        "excerpt": answer.excerpt,
    }


def timeline(story: Story) -> list[View]:
    """What happened, and what comes next, in the order of time; a moment that was not kept is None."""
    record, campaign = story.record, story.campaign.campaign
    events = [_event(campaign.created_at, "submitted with its campaign", "")]
    if campaign.not_before:
        events.append(_event(campaign.not_before, "sending may begin", ""))
    events += [_event(each.at, "sent to the provider", _gave(each)) for each in story.trail.exchanges]
    events += [_event(each.at, _came(each), f"HTTP {each.status}") for each in story.trail.answers]
    events += [
        _event(
            each.at, f"{each.who} {act(each.action)}", f"{each.before} → {each.after}" if each.after else each.before
        )
        for each in story.trail.decisions
    ]
    if record.changed_at:
        why = " ".join(filter(None, (story.words, f"({record.code})" if record.code else "")))
        changed = _event(datetime.fromtimestamp(record.changed_at, UTC), _TOLD[record.state], why)
        # a record has whole seconds: what led to the change was within that second
        events.append(changed | {"order": record.changed_at + 0.999})
    events.sort(key=lambda event: event["order"])
    if not record.changed_at:
        events.append(_event(None, _TOLD[record.state], "" if story.registered else "not taken up by the feeder yet"))
    return events + _next(story)


def _gave(exchange: SentExchange) -> str:
    """What an attempt came to, in a line."""
    came = f"HTTP {exchange.status}" if exchange.status else exchange.ending
    return f"{came} after {exchange.seconds:.2f} s: {exchange.outcome}"


def _came(answer: RawAnswer) -> str:
    is_callback = answer.call == "callback"
    return "the provider called back" if is_callback else f"the provider answered {answer.call}"


def _next(story: Story) -> list[View]:
    """What is still to come."""
    if story.record.state.is_final:
        return []
    found = []
    if story.job_at:
        found.append(_event(story.job_at, "may be taken by a worker", "", is_next=True))
    if story.look_at:
        found.append(_event(story.look_at, *_look(story), is_next=True))
    if story.shelved:
        found.append(_event(None, "a report has come and waits to be applied", "", is_next=True))
    return found


def _look(story: Story) -> tuple[str, str]:
    """What the next look at it is: not every provider can be asked about what was perhaps sent."""
    if story.record.state is not State.UNCERTAIN:
        return "the provider is asked what became of it", ""
    policy = _POLICIES[story.campaign.campaign.on_uncertain]
    return "evidence is looked for", f"where none tells, its campaign says: {policy}"


def _event(at: datetime | None, what: str, why: str, *, is_next: bool = False) -> View:
    return {"at": at, "order": at.timestamp() if at else 0.0, "what": what, "why": why, "is_next": is_next}
