"""The smsc calls that a person may make, by their names on the command line."""

from collections.abc import Mapping
from typing import Final

from worker.providers.interface import Call
from worker.providers.smsc.calls import downloads, lookups, messages, money, numbers, sending, templates

CALLS: Final[Mapping[str, Call]] = {
    call.name: call
    for call in (
        money.BALANCE_CALL,
        sending.COST_CALL,
        messages.STATUS_CALL,
        messages.MESSAGES_CALL,
        messages.ANSWERS_CALL,
        money.STAT_CALL,
        money.PRICE_CALL,
        lookups.OPERATOR_CALL,
        lookups.TINYURL_CALL,
        templates.TEMPLATES_CALL,
        templates.ADD_CALL,
        templates.CHANGE_CALL,
        templates.DELETE_CALL,
        numbers.NUMBERS_CALL,
        numbers.RENT_CALL,
        numbers.CHANGE_CALL,
        numbers.WAIT_CALL_CALL,
        downloads.DOWNLOADS_CALL,
        downloads.DOWNLOAD_CALL,
    )
}
