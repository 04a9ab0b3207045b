"""What the tests of commands submit, and how a command is run."""

from collections.abc import Callable

import redis as blocking
from click.testing import Result

from producer.contract import keys
from producer.contract.messages import CampaignId, MessageRecord

Volley = Callable[..., Result]


ENTRY = {
    "name": "athens",
    "family": "restv2",
    "host": "net2sms.gr",
    "login": "hashed",
    "rate": 5.0,
    "in_flight": 4,
    "batch": 1,
    "longest_text": 1000,
    "options": [{"name": "flash", "meaning": "flash SMS", "choices": ["true", "false"]}],
}
PEOPLE = (
    "number,name\n306920000001,Maria\n+30 696 000 00 02,Nikos\n306920000001,Again\nbad,Kostas\n306920000003,Ελένη\n"
)


SUBMIT = ("submit", "--account", "athens", "--text", "Hello $name", "--recipients", "people.csv")


def record(books: blocking.Redis, place: int, record: MessageRecord) -> None:
    books.hset(keys.records(CampaignId("c1"), 0), str(place), record.pack())
