"""The arq function that a control queue runs for `volley forget`: one piece, and where to go on."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import structlog

from producer.contract.messages import Msisdn
from worker.forgetting.forgetter import Forgetter
from worker.forgetting.needle import Needle

CANCEL: Final = "cancel"
"""End what waits to be sent to the person first."""

log = structlog.get_logger(__name__)


async def forget(
    ctx: Mapping[str, Any],  # Any: arq's context
    msisdn: str,
    cursor: str,
    ending: str,
) -> dict[str, object]:
    """One piece; `cursor` is where to go on, empty when all is done. `ending`: CANCEL, or empty.

    Raises ValueError for a cursor that is none.
    """
    forgetter: Forgetter = ctx["forgetter"]
    following, found = await forgetter.step(Needle(Msisdn(msisdn)), cursor, cancel=ending == CANCEL)
    log.info("forgotten", recipients=found.recipients, open=found.open, is_done=not following)
    return {"cursor": following, **asdict(found)}
