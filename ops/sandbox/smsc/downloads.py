"""Deciding about downloads.php: the list of deferred tasks, and a task's file (A10, S4)."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from ops.sandbox.exports import DONE, Task, chunks_of
from ops.sandbox.gateway import Gateway, Reply, Visit
from ops.sandbox.limits import IDENTICAL_DOWNLOAD
from ops.sandbox.parameters import fingerprint
from ops.sandbox.scenarios import Fault
from ops.sandbox.smsc.answers import TOO_MANY, Answer, Refusal, SentRow, Tasks
from ops.sandbox.smsc.reading import BAD, whole_number
from ops.sandbox.smsc.replying import reply
from ops.sandbox.smsc.rows import sent_row

_NO_TASK: Final = Refusal(code=3, text="task not found")  # also when there is no file yet; a guess


def decide_downloads(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `get_list=1`: the first `cnt` tasks after `after_id`."""
    parameters = visit.parameters
    count, after = whole_number(parameters.get("cnt") or "1000"), whole_number(parameters.get("after_id") or "0")
    if not count or after is None:
        return BAD
    if not _admits(visit):
        return Refusal(code=9, text=TOO_MANY)
    now = gateway.clock.monotonic()
    tasks = (task for task in visit.account.cabinet.tasks if task.id > after)
    return Tasks(found=tuple(task.shown(now) for task in islice(tasks, count)))


def decide_download(gateway: Gateway, visit: Visit) -> Reply:
    """Answer `get_file=1` with the file itself, or with an error as usual."""
    found = _find(gateway, visit)
    if isinstance(found, Refusal):
        return reply(found, visit.parameters)
    fault = found.takes_fault()
    if fault == "error":
        return reply(Refusal(code=15), visit.parameters)
    broken = fault == "break"
    ledger = visit.account.ledger
    number = len(ledger.accepted) - ledger.removed
    return Reply(
        body=b"",
        content_type="text/csv",
        fault=Fault.LOST if broken else Fault.NONE,
        stream=chunks_of(found, _messages(gateway, visit, number), number, broken=broken),
    )


def _find(gateway: Gateway, visit: Visit) -> Task | Refusal:
    own, name = visit.parameters.get("id", ""), visit.parameters.get("name", "")
    if not own and not name:
        return BAD
    if not _admits(visit):
        return Refusal(code=9, text=TOO_MANY)
    tasks = visit.account.cabinet.tasks
    task = next((task for task in tasks if own == str(task.id) or (name and name in {task.name, task.file})), None)
    return task if task and task.status(gateway.clock.monotonic()) == DONE else _NO_TASK


def _messages(gateway: Gateway, visit: Visit, number: int) -> Iterator[SentRow]:
    ledger = visit.account.ledger
    kept = (message for message in ledger.behind(0, "") if not ledger.is_removed(message))
    return (sent_row(gateway, message, message.phone) for message in islice(kept, number))


def _admits(visit: Visit) -> bool:
    key = fingerprint(visit.parameters, id_counts=True)
    return visit.account.limits.admits(IDENTICAL_DOWNLOAD, key, visit.arrived)
