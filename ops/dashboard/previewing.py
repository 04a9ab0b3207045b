"""A file as it would be submitted: loaded as a draft, with what its preview tells; nothing is sent before a start."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Final

from producer.checking import checked_template
from producer.contract.campaigns import Campaign
from producer.contract.client import Client
from producer.directory import AccountEntry
from producer.drafting import Draft, Drafts, Samples
from producer.gathering import Gathering
from producer.intake import Loading
from producer.msisdn import masked
from producer.recipients import read_recipients
from producer.rendering import Template
from producer.segments import measure
from producer.suppression import SuppressionList

_CHUNKS_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file as it was given: where it lies, what the browser called it, and how it is to be read."""

    path: Path
    name: str
    encoding: str = "utf-8"
    column: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One text as a recipient would get it; the number is masked."""

    msisdn: str
    text: str
    segments: int
    alphabet: str


async def drafted(redis: Client, entry: AccountEntry, campaign: Campaign, given: Given, owner: str) -> Draft:
    """Read the whole file as a submit would, in a thread, and keep its recipients as a draft of `owner`.

    Its memory is that of the numbers seen. Raises ProducerError and its kinds, UnicodeError, and TakenOverError,
    where a submit would; then nothing is kept.
    """
    checked_template(campaign.text, entry)
    loading = await Drafts(redis).begin(campaign)
    try:
        draft = await _loaded(redis, entry, campaign, given, owner, loading)
        await Drafts(redis).keep(draft)
    except BaseException:
        await asyncio.shield(asyncio.create_task(loading.abandon()))  # in a task of its own: as in producer.storing
        raise
    return draft


async def _loaded(
    redis: Client, entry: AccountEntry, campaign: Campaign, given: Given, owner: str, loading: Loading
) -> Draft:
    template = checked_template(campaign.text, entry)
    gathering, samples = Gathering(template, longest_text=entry.longest_text), Samples(template)
    suppression, count = SuppressionList(redis), 0
    with _source_of(given) as source:
        rows = await asyncio.to_thread(
            read_recipients,
            source,
            column=given.column,
            default_region=given.region or entry.default_region or None,
            needed=gathering.names,
            keep_extras=False,
        )
        chunks = gathering.chunks(rows)
        while group := await asyncio.to_thread(lambda: list(islice(chunks, _CHUNKS_AT_ONCE))):
            suppressed = await suppression.among([recipient.msisdn for chunk in group for recipient in chunk])
            kept = [left for chunk in group if (left := gathering.suppress(chunk, suppressed))]
            for chunk in kept:
                samples.take(chunk)
            await loading.store(enumerate(kept, start=count))
            count += len(kept)
    gathered = gathering.gathered
    return Draft(
        key=secrets.token_hex(16),
        owner=owner,
        campaign=campaign,
        token=loading.token,
        file_name=given.name,
        chunks=count,
        accepted=gathered.accepted,
        duplicates=gathered.duplicates,
        refused=gathered.refused,
        segments=gathered.segments,
        refusals=tuple(gathered.refusals),
        samples=samples.shown(),
    )


def samples_of(draft: Draft) -> list[Sample]:
    """The draft's samples as texts."""
    template = Template.parse(draft.campaign.text)
    texts = [(each.msisdn, template.render(each.values)) for each in draft.samples]
    return [
        Sample(msisdn=masked(msisdn), text=text, segments=measured.count, alphabet=measured.encoding)
        for msisdn, text in texts
        for measured in (measure(text),)
    ]


@contextmanager
def _source_of(given: Given) -> Iterator[IO[str] | IO[bytes]]:
    """The file as `read_recipients` takes it: bytes of utf-8, or text decoded from another encoding."""
    opened = (
        given.path.open("rb") if given.encoding == "utf-8" else given.path.open(encoding=given.encoding, newline="")
    )
    with opened as stream:
        yield stream
