"""What would become of a file if it were submitted: accepted, refused, segments, sample texts. Nothing is stored."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Final

from producer.checking import checked_template
from producer.contract.campaigns import Recipient, Refusal
from producer.contract.client import Client
from producer.contract.messages import Msisdn
from producer.directory import AccountEntry
from producer.gathering import Gathering
from producer.msisdn import masked
from producer.recipients import read_recipients
from producer.rendering import Template
from producer.segments import measure
from producer.suppression import SuppressionList

_CHUNKS_AT_ONCE: Final = 10
_REFUSALS: Final = 50
_SAMPLES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One text as a recipient would get it; the number is masked."""

    msisdn: str
    text: str
    segments: int
    alphabet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a file holds. `refusals` are the first fifty, numbers masked; `samples` the first texts and a long one."""

    accepted: int
    duplicates: int
    refused: int
    segments: int
    refusals: tuple[Refusal, ...]
    samples: tuple[Sample, ...]


@contextmanager
def source_of(path: Path, encoding: str) -> Iterator[IO[str] | IO[bytes]]:
    """The file as `read_recipients` takes it: bytes of utf-8, or text decoded from another encoding."""
    with path.open("rb") if encoding == "utf-8" else path.open(encoding=encoding, newline="") as stream:
        yield stream


async def preview_of(
    redis: Client,
    entry: AccountEntry,
    text: str,
    path: Path,
    *,
    encoding: str = "utf-8",
    column: str | None = None,
    region: str | None = None,
) -> Preview:
    """Read the whole file as a submit would, in a thread; its memory is that of the numbers seen.

    Raises ProducerError and its kinds, and UnicodeError, where a submit would.
    """
    template = checked_template(text, entry)
    gathering = Gathering(template, longest_text=entry.longest_text)
    suppression, samples = SuppressionList(redis), _Samples(template)
    with source_of(path, encoding) as source:
        rows = await asyncio.to_thread(
            read_recipients,
            source,
            column=column,
            default_region=region or entry.default_region or None,
            needed=gathering.names,
            keep_extras=False,
        )
        chunks = gathering.chunks(rows)
        while group := await asyncio.to_thread(lambda: list(islice(chunks, _CHUNKS_AT_ONCE))):
            suppressed = await suppression.among([recipient.msisdn for chunk in group for recipient in chunk])
            for chunk in group:
                samples.take(gathering.suppress(chunk, suppressed) if suppressed else chunk)
    gathered = gathering.gathered
    return Preview(
        accepted=gathered.accepted,
        duplicates=gathered.duplicates,
        refused=gathered.refused,
        segments=gathered.segments,
        refusals=tuple(replace(each, given=masked(each.given)) for each in gathered.refusals[:_REFUSALS]),
        samples=samples.shown(),
    )


class _Samples:
    """The first recipients, and the one whose text is the longest."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._first: list[Recipient] = []
        self._longest: Recipient | None = None
        self._length = -1

    def take(self, chunk: list[Recipient]) -> None:
        self._first += chunk[: _SAMPLES - len(self._first)]
        if not self._template.names:
            return
        for recipient in chunk:
            if (length := self._template.length(recipient.values)) > self._length:
                self._longest, self._length = recipient, length

    def shown(self) -> tuple[Sample, ...]:
        known: dict[Msisdn, Recipient] = {each.msisdn: each for each in self._first}
        if self._longest is not None:
            known.setdefault(self._longest.msisdn, self._longest)
        return tuple(map(self._sample, known.values()))

    def _sample(self, recipient: Recipient) -> Sample:
        text = self._template.render(recipient.values)
        measured = measure(text)
        return Sample(msisdn=masked(recipient.msisdn), text=text, segments=measured.count, alphabet=measured.encoding)
