"""One message as it is shown: its facts, and its timeline from submission to end. Pure functions."""

from collections.abc import Callable
from datetime import UTC, datetime

from ops.dashboard.views.kinds import View
from ops.story import Story
from producer.contract.messages import Msisdn
from producer.contract.states import State
from producer.segments import measure

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


def message_view(story: Story, shown: Callable[[Msisdn], str], *, for_operator: bool) -> View:
    """One message. What it said to its recipient, and raw answers, are for operators."""
    record, campaign = story.record, story.campaign.campaign
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
        "answers": [
            {"at": each.at, "call": each.call, "status": each.status, "size": each.size, "excerpt": each.excerpt}
            for each in (story.found.answers if for_operator else ())
        ],
        "answers_found": len(story.found.answers),
        "looked_through": story.found.looked_through,
    }


def timeline(story: Story) -> list[View]:
    """What happened, and what comes next, in the order of time; a moment that was not kept is None."""
    record, campaign = story.record, story.campaign.campaign
    events = [_event(campaign.created_at, "submitted with its campaign", "")]
    if campaign.not_before:
        events.append(_event(campaign.not_before, "sending may begin", ""))
    events += [
        _event(each.at, f"the provider answered {each.call}", f"HTTP {each.status}") for each in story.found.answers
    ]
    events += [
        _event(each.at, f"{each.who}: {each.action}", f"{each.before} → {each.after}" if each.after else each.before)
        for each in story.found.decisions
    ]
    if record.changed_at:
        why = " ".join(filter(None, (story.words, f"({record.code})" if record.code else "")))
        events.append(_event(datetime.fromtimestamp(record.changed_at, UTC), _TOLD[record.state], why))
    events.sort(key=lambda event: event["at"] or datetime.min.replace(tzinfo=UTC))
    if not record.changed_at:
        events.append(_event(None, _TOLD[record.state], "" if story.registered else "not taken up by the feeder yet"))
    return events + _next(story)


def _next(story: Story) -> list[View]:
    """What is still to come."""
    if story.record.state.is_final:
        return []
    found = []
    if story.job_at:
        found.append(_event(story.job_at, "may be taken by a worker", "", is_next=True))
    if story.look_at:
        found.append(_event(story.look_at, "the provider is asked what became of it", "", is_next=True))
    if story.shelved:
        found.append(_event(None, "a report has come and waits to be applied", "", is_next=True))
    return found


def _event(at: datetime | None, what: str, why: str, *, is_next: bool = False) -> View:
    return {"at": at, "what": what, "why": why, "is_next": is_next}
