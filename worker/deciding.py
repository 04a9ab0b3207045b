"""A person's decision about an uncertain message, asked for by `ops` as an arq job and carried out here."""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from producer.contract.messages import MessageId
from producer.contract.states import Event, State
from worker.ledger import Evidence, Ledger, LedgerReader

DECISIONS: Final[Mapping[str, Event]] = {
    "sent": Event.ASSUME,
    "failed": Event.REJECT,
    "resend": Event.DISPROVE,
}
_CODE: Final = "volley.decided"

log = structlog.get_logger(__name__)


async def resolve(
    ctx: Mapping[str, Any],  # Any: arq's context
    message_id: str,
    decision: str,
    who: str,
    attempts: int | None = None,
) -> dict[str, str | bool]:
    """Move an uncertain message as a person decided: whether this decision `moved` it, and its `state` then.

    Only an uncertain message is moved, and where `attempts` is given only while it has had so many: a decision that
    waited for a worker is not one about a later doubt. Raises ValueError for an unknown decision or message.
    """
    if decision not in DECISIONS:
        raise ValueError(f"unknown decision {decision!r} (known: {', '.join(DECISIONS)})")
    reader: LedgerReader = ctx["reader"]
    ledger: Ledger = ctx["ledger"]
    message = MessageId.parse(message_id)
    view = await reader.campaign(message.campaign)
    record = (await reader.records([message])).get(message)
    if view is None or record is None:
        raise ValueError(f"there is no message {message_id[:80]!r}")
    if record.state is not State.UNCERTAIN or attempts not in {None, record.attempts}:
        return {"moved": False, "state": str(record.state)}
    evidence = Evidence(
        message=message,
        account=view.campaign.account,
        lane=view.campaign.lane,
        event=DECISIONS[decision],
        reference=record.reference,
        code=_CODE,
        seconds=ctx["give_up_after"] if decision == "sent" else 0.0,
    )
    [(_, state, moved)] = await ledger.apply([evidence])
    log.info("uncertain_decided", message=message_id, decision=decision, who=who[:80], moved=moved)
    if state is None:  # it got another reference between reading and moving it
        state = (await reader.records([message])).get(message, record).state
    return {"moved": moved, "state": str(state)}
