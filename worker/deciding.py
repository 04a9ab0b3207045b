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


async def resolve(ctx: Mapping[str, Any], message_id: str, decision: str, who: str) -> str:  # Any: arq's context
    """Move an uncertain message as a person decided; the state it has afterwards.

    Only an uncertain message is moved. Raises ValueError for an unknown decision or message.
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
    if record.state is not State.UNCERTAIN:
        return record.state
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
    return state or ""
