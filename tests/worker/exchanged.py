"""Exchanges for tests of what is kept of them: an account with secrets, a request, an answer."""

from itertools import product

from producer.contract.campaigns import Lane
from producer.contract.exchanges import ExchangeRecord
from producer.contract.messages import CampaignId, MessageId, Msisdn, Reference
from producer.segments import is_gsm7
from tests.worker.plain import NAME
from worker.hiding import Noted, hidden
from worker.ledger import ClaimRequest
from worker.preparing import Prepared
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.outcomes import Outcome, Rejected, Submitted, Uncertain
from worker.providers.registry import FAMILIES
from worker.providers.requests import Answer, Credentials, Dialect, Outgoing
from worker.settings import Account, Limits

PERSON, OTHER = "306912345670", "306912345671"
SECRETS = {"login": "the-login", "password": "the-password", "key": "the-api-key"}
CALLBACK = {"callback": "https://us.example/callbacks/athens/0123456789abcdef", "callback_secret": "the-hook-secret"}
OWN = Reference("v0123456789abcdef")
CAMPAIGN = CampaignId("spring")


GOOD: tuple[Outcome, ...] = (Submitted(reference=Reference("7781234567")),)
BAD: tuple[Outcome, ...] = (Rejected(code="plain.7", words="never"),)


def account_of(family: str, dialect: Dialect, **secrets: str) -> Account:
    credentials = Credentials(base_url="https://p.test", dialect=dialect, **(CALLBACK | secrets))
    return Account(
        name=NAME,
        family=FAMILIES[family],
        credentials=credentials,
        limits=Limits(rate=1, in_flight=1, batch=100),
    )


def prepared_for(account: Account, *texts: str, **more: object) -> Prepared:
    """One request for so many people: the first is PERSON, the second OTHER."""
    people = [PERSON, OTHER, *(f"3069222{place:05}" for place in range(len(texts)))]
    outgoing = tuple(
        Outgoing(msisdn=Msisdn(to), text=text, sender="ACME", unicode=not is_gsm7(text), **more)
        for to, text in zip(people, texts, strict=False)
    )
    claim = ClaimRequest(
        campaign=CAMPAIGN,
        account=account.name,
        lane=Lane.BULK,
        messages=tuple(MessageId(campaign=CAMPAIGN, chunk=0, place=place) for place in range(len(texts))),
        reference=OWN,
        login="login",
    )
    request = account.family.sending.build(account.credentials, outgoing, OWN)
    return Prepared(claim=claim, outgoing=outgoing, request=request)


def kept_of(
    account: Account, prepared: Prepared, ending: Answer | NotSent | AnswerLost, outcomes: tuple[Outcome, ...] = GOOD
) -> ExchangeRecord:
    size = len(ending.body) if isinstance(ending, Answer) else 0
    noted = Noted(prepared=prepared, ending=ending, outcomes=outcomes, asked_at=1e9, seconds=0.25, size=size)
    return hidden(noted, account)


DIALECTS = [
    *(
        ("smsc", Dialect(format=form, charset=charset, rest=rest))
        for form, charset, rest in product("0123", ("", "windows-1251", "koi8-r"), (False, True))
    ),
    *(("restv2", Dialect(format=form, v3=v3)) for form, v3 in product(("json", "v2", "xml"), (False, True))),
]


def doubt() -> tuple[Outcome, ...]:
    return (Uncertain(code="volley.answer_lost", words="perhaps"),)
