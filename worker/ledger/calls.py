"""The keys and arguments of the ledger's script calls: rows gathered by campaign, each call a bounded piece."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, TypeVar

import orjson

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_LIFE, send_body_parts
from producer.contract.messages import AccountName, CampaignId, MessageId, Reference
from producer.contract.scripts import Argument
from worker.ledger.moves import ClaimRequest, Evidence, Write

Call = tuple[Sequence[str], Sequence[Argument]]
"""Keys and arguments of one script call."""

Item = TypeVar("Item", Write, Evidence)

_MOST_PER_CALL: Final = 64
"""Messages that one script call may move: keeps the server's longest pause well under a millisecond."""


def campaign_keys(campaign: CampaignId, account: AccountName, lane: Lane) -> list[str]:
    """The keys that every script which moves messages begins with."""
    return [
        keys.campaign(campaign),
        keys.counts(campaign),
        keys.reasons(campaign),
        keys.active(account),
        keys.queue(account, lane),
    ]


def together(items: Sequence[Item]) -> list[Sequence[Item]]:
    """Items of one campaign and lane side by side, in their order, at most so many in a piece."""
    pieces: list[Sequence[Item]] = []
    for _, group in groupby(sorted(items, key=_place), key=_place):
        rows = list(group)
        pieces += [rows[start : start + _MOST_PER_CALL] for start in range(0, len(rows), _MOST_PER_CALL)]
    return pieces


def claims_together(requests: Sequence[ClaimRequest]) -> list[Sequence[ClaimRequest]]:
    """Requests of one campaign side by side; a request is never divided."""
    pieces: list[Sequence[ClaimRequest]] = []
    for _, group in groupby(sorted(requests, key=_version), key=_version):
        piece: list[ClaimRequest] = []
        size = 0
        for request in group:
            if piece and size + len(request.messages) > _MOST_PER_CALL:
                pieces.append(piece)
                piece, size = [], 0
            piece.append(request)
            size += len(request.messages)
        pieces.append(piece)
    return pieces


def claim(requests: Sequence[ClaimRequest], lease: int, reference_life: int, grace: float) -> Call:
    """The call of claim.lua. Times in seconds."""
    first = requests[0]
    account = first.account
    called_keys = [
        *campaign_keys(first.campaign, account, first.lane),
        keys.due(account),
        keys.uncertain(account),
        keys.SUPPRESSED,
        *_record_keys(message for request in requests for message in request.messages),
    ]
    about = [
        (each.reference, int(each.told), fence, int(each.fence * 1000) if fence else 0)
        for each in requests
        for fence in (each.fence_key,)
    ]
    rows = [row for number, request in enumerate(requests, 1) for row in _claim_rows(request, number)]
    args: list[Argument] = [first.campaign, first.version, lease, reference_life, grace, references(account)]
    return called_keys, [*args, orjson.dumps(about), orjson.dumps(rows)]


def record(writes: Sequence[Write], reference_life: int, first_look: float, grace: float) -> Call:
    """The call of record.lua. Times in seconds."""
    first = writes[0]
    account = first.account
    called_keys = [
        *campaign_keys(first.message.campaign, account, first.lane),
        keys.due(account),
        keys.uncertain(account),
        keys.orphans(account),
        *_record_keys(write.message for write in writes),
    ]
    rows = [
        (
            str(write.message.chunk),
            str(write.message.place),
            str(write.attempt),
            write.event,
            int(write.seconds),
            write.reference,
            int(write.told),
            write.code,
            *((write.fence,) if write.fence else ()),
        )
        for write in writes
    ]
    args: list[Argument] = [first.message.campaign, reference_life, first_look, grace, references(account)]
    return called_keys, [*args, *send_body_parts(), JOB_LIFE, orjson.dumps(rows)]


def apply(items: Sequence[Evidence]) -> Call:
    """The call of apply.lua."""
    first = items[0]
    called_keys = [
        *campaign_keys(first.message.campaign, first.account, first.lane),
        keys.due(first.account),
        keys.uncertain(first.account),
        keys.delivery(first.message.campaign),
        *_record_keys(item.message for item in items),
    ]
    rows = [
        (str(item.message.chunk), str(item.message.place), item.event, item.reference, item.code, int(item.seconds))
        for item in items
    ]
    args: list[Argument] = [first.message.campaign, *send_body_parts(), JOB_LIFE, references(first.account)]
    return called_keys, [*args, orjson.dumps(rows)]


def references(account: AccountName) -> str:
    """What the keys of an account's references begin with; the script puts the rest."""
    return keys.reference(account, Reference(""))


def _claim_rows(request: ClaimRequest, number: int) -> Iterator[tuple[str, str, str, int]]:
    msisdns = request.msisdns or ("",) * len(request.messages)
    for message, msisdn in zip(request.messages, msisdns, strict=True):
        yield str(message.chunk), str(message.place), msisdn, number


def _record_keys(messages: Iterable[MessageId]) -> list[str]:
    """The records of each chunk once, in the order in which the messages name them."""
    return list(dict.fromkeys(keys.records(message.campaign, message.chunk) for message in messages))


def _place(item: Write | Evidence) -> tuple[str, str, str]:
    return item.message.campaign, item.account, item.lane


def _version(request: ClaimRequest) -> tuple[str, str, str, str]:
    return request.campaign, request.version, request.account, request.lane
