"""From taken jobs to requests: recipients read, texts rendered, messages grouped as the family allows."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from producer.contract.campaigns import CampaignKind, Lane, Recipient
from producer.contract.messages import CampaignId, MessageId, Reference
from producer.contract.options import options_of
from producer.segments import is_gsm7
from worker.engine import Taken
from worker.ledger import CampaignView, ClaimRequest, LedgerReader
from worker.probing import Offer
from worker.providers.requests import HttpRequest, Outgoing
from worker.settings import Account

_REFERENCE_BYTES: Final = 8


class Prepared(Struct, frozen=True, kw_only=True, gc=False):
    """One request ready to be claimed: who claims what, what will be said, and the request itself."""

    claim: ClaimRequest
    outgoing: tuple[Outgoing, ...]
    request: HttpRequest


class _Ready(Struct, frozen=True, kw_only=True, gc=False):
    job: Taken
    outgoing: Outgoing


class Preparer:
    """Prepares the requests of one account. `clock` gives unix seconds.

    `offer` tells of families that group by an optional call whether the host has it; until it is known to,
    each message travels alone.
    """

    def __init__(
        self,
        account: Account,
        reader: LedgerReader,
        login: str,
        clock: Callable[[], float],
        offer: Offer | None = None,
    ) -> None:
        self._offer = offer
        self._names = frozenset(option.name for option in account.family.send_options)
        self._account = account
        self._reader = reader
        self._login = login
        self._clock = clock

    async def prepare(self, jobs: Sequence[Taken]) -> tuple[list[Prepared], list[Taken]]:
        """Requests in the order of the jobs, and the jobs whose message does not exist (any more)."""
        messages = [job.message for job in jobs]
        campaigns = await self._campaigns(messages)  # before the recipients: never a new text for old ones
        recipients = await self._reader.recipients(messages)
        again = await self._tried_before(messages)
        most = await self._most()
        ready: dict[tuple[CampaignId, Lane, str], list[_Ready]] = {}
        lost = []
        for job in jobs:
            view, recipient = campaigns.get(job.message.campaign), recipients.get(job.message)
            if view is None or recipient is None:
                lost.append(job)
                continue
            row = _Ready(job=job, outgoing=self._outgoing(view, recipient))
            alone = str(job.message) if job.message in again else ""
            ready.setdefault((job.message.campaign, job.lane, alone), []).append(row)
        groups = [group for rows in ready.values() for group in self._groups(rows, most)]
        references = _references(len(groups))
        return [self._request(*each, campaigns) for each in zip(groups, references, strict=True)], lost

    def forget(self, campaign: CampaignId) -> None:
        """Read a campaign anew: the claim said that its id is another one's by now."""
        self._reader.forget(campaign)

    async def _most(self) -> int:
        """How many messages one request may hold now."""
        if self._account.family.rules.is_grouped_by_probe and not (self._offer and await self._offer.offers()):
            return 1
        return self._account.limits.batch

    async def _tried_before(self, messages: Sequence[MessageId]) -> set[MessageId]:
        """Messages of a second attempt travel alone, so that one bad row cannot hold up its neighbours."""
        if self._account.limits.batch == 1:
            return set()
        return await self._reader.attempted(messages)

    async def _campaigns(self, messages: Iterable[MessageId]) -> Mapping[CampaignId, CampaignView]:
        ids = dict.fromkeys(message.campaign for message in messages)
        views = {campaign: await self._reader.campaign(campaign) for campaign in ids}
        return {campaign: view for campaign, view in views.items() if view is not None}

    def _outgoing(self, view: CampaignView, recipient: Recipient) -> Outgoing:
        text = view.template.render(recipient.values)
        ends = view.campaign.not_after
        return Outgoing(
            msisdn=recipient.msisdn,
            text=text,
            sender=view.campaign.sender or self._account.sender,
            unicode=not is_gsm7(text),
            valid_for=ends.timestamp() - self._clock() if ends else None,
            options=self._options(view, recipient),
        )

    def _options(self, view: CampaignView, recipient: Recipient) -> tuple[tuple[str, str], ...]:
        """What the campaign, or the single message, asks for besides.

        The producer has checked it. A name that the family lacks all the same (the account has moved to another
        provider meanwhile) is left out: that provider could not do it.
        """
        own = options_of(recipient) if view.campaign.kind is CampaignKind.SINGLE else {}
        asked = {**view.campaign.options, **own}
        if not asked:
            return ()
        return tuple(sorted((name, value) for name, value in asked.items() if name in self._names))

    def _groups(self, rows: Sequence[_Ready], most: int) -> Iterator[Sequence[_Ready]]:
        """Groups as the family allows, cut to what one request may hold."""
        for places in self._account.family.sending.group([row.outgoing for row in rows]):
            for start in range(0, len(places), most):
                yield [rows[place] for place in places[start : start + most]]

    def _request(
        self, group: Sequence[_Ready], reference: Reference, campaigns: Mapping[CampaignId, CampaignView]
    ) -> Prepared:
        family = self._account.family
        outgoing = tuple(row.outgoing for row in group)
        request = family.sending.build(self._account.credentials, outgoing, reference)
        first = group[0].job
        claim = ClaimRequest(
            campaign=first.message.campaign,
            account=self._account.name,
            lane=first.lane,
            messages=tuple(row.job.message for row in group),
            reference=reference,
            login=self._login,
            version=campaigns[first.message.campaign].version,
            msisdns=tuple(row.outgoing.msisdn for row in group),
            fingerprint=request.fingerprint,
            fence=family.rules.fence,
            told=any(reference in value for _, value in request.form),
        )
        return Prepared(claim=claim, outgoing=outgoing, request=request)


def _references(count: int) -> list[Reference]:
    """References that nobody can guess, their chance drawn at once."""
    drawn, width = secrets.token_hex(_REFERENCE_BYTES * count), 2 * _REFERENCE_BYTES
    return [Reference(f"v{drawn[start : start + width]}") for start in range(0, len(drawn), width)]
