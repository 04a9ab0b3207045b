"""Reason codes in plain words: our own from the table here, the provider's as the family's tables gave them."""

from collections.abc import Mapping
from typing import Final

from ops.readings.fields import Fields, readable

OWN_WORDS: Final[Mapping[str, str]] = {
    "volley.answer_lost": "the request left, its answer never came",
    "volley.claim_died": "the worker died between the claim and the record",
    "volley.stopped_on_wire": "the worker was stopped while the request was on the wire",
    "volley.worker_failed": "the worker failed while the request was sent; its log says how",
    "volley.not_sent": "no byte of the request left this host",
    "volley.no_report": "the provider never reported what became of it",
    "volley.not_found": "the provider does not know the submission",
    "volley.not_confirmed": "the provider's status does not know the submission; its history has to confirm that",
    "volley.past_validity": "its validity had ended before it could be sent",
    "volley.doubtful_answers": "its answers could not be read for a while",
    "volley.slow_answers": "the provider answered much more slowly than usual",
    "volley.decided": "a person decided",
    "volley.withdrawn": "an operator cancelled it alone",
    "volley.forgotten": "its recipient was erased before it was sent",
}


def explain(code: str, words: Fields) -> str:
    """What `code` means; `words` is the account's hash of plain words. Empty when nobody said."""
    known = words.get(code.encode())
    return readable(known) if known else OWN_WORDS.get(code, "")
