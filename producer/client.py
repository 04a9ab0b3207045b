"""What any Python service imports: `CampaignProducer` hands campaigns and urgent messages to Volley over Redis."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Self

from producer.checking import (
    check_letters,
    checked_options,
    checked_template,
    checked_time,
    gathering_id,
    new_id,
)
from producer.contract import keys
from producer.contract.campaigns import (
    Campaign,
    CampaignKind,
    CampaignState,
    Lane,
    OnUncertain,
    Progress,
    Recipient,
    checked_name,
)
from producer.contract.client import Client
from producer.contract.codec import decode_campaign
from producer.contract.messages import AccountName, CampaignId, MessageId
from producer.contract.options import with_options
from producer.directory import account
from producer.errors import (
    CampaignExistsError,
    SuppressedError,
    TextError,
    UnknownCampaignError,
)
from producer.gathering import Gathered, Gathering
from producer.intake import Action, Intake
from producer.msisdn import normalise
from producer.pool import connect
from producer.progress import read_progress
from producer.recipients import Item, TextSource, read_recipients
from producer.refusing import plain_when_refused
from producer.segments import measure
from producer.storing import Storing, Submitted
from producer.suppression import REASON, SuppressionList

Source = TextSource | Iterable[Item]
"""A path (`-` is standard input), an open stream, or numbers, mappings or Recipients one by one."""


class CampaignProducer:
    """Hands campaigns to Volley. Every method is safe to repeat after a lost connection.

    Raises ProducerError and its kinds, RecipientsError and TemplateError before anything is stored,
    RedisRefusesError when Redis takes no writes (nothing is stored then; of an append, the pieces before),
    and redis' ConnectionError when Redis stays away for about 15 seconds.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._intake = Intake(redis)
        self._suppression = SuppressionList(redis)
        self._storing = Storing(self._intake, self._suppression)

    @classmethod
    @asynccontextmanager
    async def connected(cls, redis_url: str) -> AsyncIterator[Self]:
        """A producer on its own connections, closed at the end of the block."""
        redis = connect(redis_url)
        try:
            yield cls(redis)
        finally:
            await redis.aclose()

    @plain_when_refused
    async def submit(  # noqa: PLR0913 - a campaign has as many sides as it has
        self,
        *,
        account_name: str,
        text: str,
        recipients: Source,
        campaign_id: str = "",
        sender: str = "",
        lane: Lane = Lane.BULK,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        on_uncertain: OnUncertain = OnUncertain.HOLD,
        options: Mapping[str, str] | None = None,
        column: str | None = None,
        default_region: str | None = None,
        on_progress: Callable[[Gathered], None] | None = None,
    ) -> Submitted:
        """Submit a campaign: `text` (a template with `$name` values) to every recipient of `recipients`.

        The campaign is invisible until its last recipient is stored. `campaign_id` makes it repeatable:
        the same id with the same request changes nothing, with another one it is an error; without an id
        one is made. Times are aware. `options` are what its send requests carry besides, by the provider's own
        names (`flash`, `translit`, …); they go before the account's. `on_progress` is called after each stored piece.
        """
        entry = await account(self._redis, AccountName(account_name))
        check_letters(sender, "the sender")
        campaign = Campaign(
            id=CampaignId(checked_name(campaign_id, "campaign id") if campaign_id else new_id(account_name)),
            account=entry.name,
            text=text,
            lane=lane,
            sender=sender,
            not_before=checked_time(not_before, "not_before"),
            not_after=checked_time(not_after, "not_after"),
            on_uncertain=on_uncertain,
            created_at=datetime.now(UTC),
            options=checked_options(options, entry),
        )
        gathering = Gathering(checked_template(text, entry), longest_text=entry.longest_text)
        rows = read_recipients(
            recipients,
            column=column,
            default_region=default_region or entry.default_region or None,
            needed=gathering.names,
            keep_extras=False,
        )
        match await self._intake.begin(campaign):
            case "same":
                return await self._before(campaign)
            case "other":
                raise CampaignExistsError(
                    f"campaign {campaign.id!r} exists already and asks for something else (account, text, sender,"
                    " lane, times or policy differ): take another id, or ask for the same to change nothing"
                )
            case loading:
                return await self._storing.load(campaign, loading, gathering, rows, on_progress)

    @plain_when_refused
    async def append(
        self, campaign_id: str, recipients: Source, *, column: str | None = None, default_region: str | None = None
    ) -> Submitted:
        """Add recipients to a campaign that is visible already; those it has already are duplicates.

        Stored in pieces of 200, each atomic; after a failure append the same again, nothing doubles.
        """
        campaign = await self._campaign(campaign_id)
        if campaign.kind is CampaignKind.SINGLE:
            raise CampaignExistsError(f"campaign {campaign.id!r} gathers single messages: use send_one")
        entry = await account(self._redis, campaign.account)
        gathering = Gathering(checked_template(campaign.text, entry), longest_text=entry.longest_text)
        rows = read_recipients(
            recipients,
            column=column,
            default_region=default_region or entry.default_region or None,
            needed=gathering.names,
            keep_extras=False,
        )
        return await self._storing.append(campaign, gathering, rows)

    @plain_when_refused
    async def send_one(
        self,
        *,
        account_name: str,
        to: str,
        text: str,
        sender: str = "",
        key: str = "",
        lane: Lane = Lane.URGENT,
        options: Mapping[str, str] | None = None,
    ) -> MessageId:
        """Send one message now, ahead of every campaign of the account.

        `key` makes it repeatable for 24 hours: the same key gives the same message. The text is sent as it
        is, `$` and all. `options` are as of a campaign, and those for single messages (smsc `imgcode`, `userip`).
        The day's single messages of an account, lane and sender are one campaign,
        `single.ACCOUNT.DATE.LANE`, and behind it a hash of the sender when one is given.
        """
        entry = await account(self._redis, AccountName(account_name))
        if not text or len(text) > entry.longest_text:
            raise TextError(f"a text of {len(text)} characters cannot be sent (1 to {entry.longest_text})")
        check_letters(text, "the text")
        check_letters(sender, "the sender")
        given = checked_options(options, entry, single=True)
        recipient = Recipient(
            msisdn=normalise(to, entry.default_region or None), values=with_options({"text": text}, given)
        )
        if await self._suppression.among([recipient.msisdn]):
            raise SuppressedError(f"the message cannot be sent: {REASON}")
        campaign = Campaign(
            id=gathering_id(entry.name, datetime.now(UTC), lane, sender),
            account=entry.name,
            text="$text",
            lane=lane,
            kind=CampaignKind.SINGLE,
            sender=sender,
            created_at=datetime.now(UTC),
        )
        message, _ = await self._intake.single(campaign, recipient, key or secrets.token_hex(16), measure(text).count)
        return message

    @plain_when_refused
    async def pause(self, campaign_id: str) -> CampaignState:
        """Stop claiming at once; what is on the wire ends. The state afterwards."""
        return await self._control(campaign_id, "pause")

    @plain_when_refused
    async def resume(self, campaign_id: str) -> CampaignState:
        """Go on where it was paused. The state afterwards."""
        return await self._control(campaign_id, "resume")

    @plain_when_refused
    async def cancel(self, campaign_id: str) -> CampaignState:
        """End every message that was not claimed yet. The state afterwards."""
        return await self._control(campaign_id, "cancel")

    async def progress(self, campaign_id: str) -> Progress:
        """How many recipients are in which state."""
        progress = await read_progress(self._redis, CampaignId(campaign_id))
        if progress is None:
            raise UnknownCampaignError(f"there is no campaign {campaign_id[:80]!r}")
        return progress

    async def _before(self, campaign: Campaign) -> Submitted:
        names = ["total", "duplicates", "refused", "segments"]
        total, duplicates, refused, segments = await self._redis.hmget(keys.campaign(campaign.id), names)
        return Submitted(
            campaign=campaign.id,
            accepted=int(total or 0),
            duplicates=int(duplicates or 0),
            refused=int(refused or 0),
            segments=int(segments or 0),
            is_new=False,
        )

    async def _campaign(self, campaign_id: str) -> Campaign:
        state, spec = await self._redis.hmget(keys.campaign(CampaignId(campaign_id)), ["state", "spec"])
        if spec is None or state == CampaignState.LOADING.encode():
            raise UnknownCampaignError(f"there is no campaign {campaign_id[:80]!r}")
        return decode_campaign(spec)

    async def _control(self, campaign_id: str, action: Action) -> CampaignState:
        campaign = await self._campaign(campaign_id)
        if campaign.kind is CampaignKind.SINGLE:
            raise CampaignExistsError(
                f"campaign {campaign.id!r} gathers the day's single messages: what would hold it up would hold up"
                " every later one; pause the account instead"
            )
        state, changed = await self._intake.control(campaign.id, campaign.account, action)
        if state is None:
            raise UnknownCampaignError(f"there is no campaign {campaign_id[:80]!r}")
        if changed and action != "pause":
            await self._intake.wake(campaign.account)
        return state
