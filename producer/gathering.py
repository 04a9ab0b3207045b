"""From rows to chunks: duplicates dropped, refusals kept, texts measured, one pass and flat memory."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from producer.contract.campaigns import CHUNK_SIZE, Recipient, Refusal
from producer.contract.messages import Msisdn
from producer.recipients import Seen
from producer.rendering import Template
from producer.segments import is_basic, measure, measure_basic
from producer.suppression import REASON

_MOST_REFUSALS: Final = 1000


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What came of the rows so far. `refusals` are the first thousand, by their lines."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    segments: int = 0
    refusals: list[Refusal] = field(default_factory=list)


class Gathering:
    """Gathers the recipients of one template. Only the de-duplication set grows with their number."""

    def __init__(self, template: Template, *, longest_text: int) -> None:
        self._template = template
        self._longest = longest_text
        self._seen = Seen()
        self._fixed = 0 if template.names else measure(template.render({})).count
        self._is_basic = is_basic(template.render(dict.fromkeys(template.names, "")))
        self.names = template.names
        self.gathered = Gathered()

    def chunks(self, rows: Iterable[Recipient | Refusal]) -> Iterator[list[Recipient]]:
        """Full chunks of accepted recipients, and the last one as it is."""
        chunk: list[Recipient] = []
        for row in rows:
            match self._taken(row):
                case Recipient() as recipient:
                    chunk.append(recipient)
                    if len(chunk) == CHUNK_SIZE:
                        yield chunk
                        chunk = []
                case Refusal() as refusal:
                    self._refuse(refusal)
                case None:
                    self.gathered.duplicates += 1
        if chunk:
            yield chunk

    def _taken(self, row: Recipient | Refusal) -> Recipient | Refusal | None:
        """The row as a recipient that only carries what the text needs, a refusal, or None for a duplicate."""
        if isinstance(row, Refusal):
            return row
        values = row.values
        if len(values) != len(self.names):
            values = {name: values[name] for name in self.names}
        segments = self._fixed
        if self.names:
            length = self._template.length(values)  # told before it is made: a long value may stand in it often
            if length > self._longest:
                reason = f"the text would have {length} characters, the account takes {self._longest}"
                return Refusal(line=row.line, given=row.msisdn, reason=reason)
            segments = self._measured(values, length)
        if not self._seen.add(row.msisdn):
            return None
        self.gathered.accepted += 1
        self.gathered.segments += segments
        return row if values is row.values else Recipient(msisdn=row.msisdn, values=values, line=row.line)

    def _measured(self, values: Mapping[str, str], length: int) -> int:
        """Segments of a text. Where nothing in it is paired, its length says it all."""
        if self._is_basic and is_basic("".join(values.values())):
            return measure_basic(length).count
        return measure(self._template.render(values)).count

    def suppress(self, chunk: list[Recipient], suppressed: set[Msisdn]) -> list[Recipient]:
        """The recipients of a chunk that are not on the suppression list; the others count as refused."""
        kept = [recipient for recipient in chunk if recipient.msisdn not in suppressed]
        for recipient in chunk:
            if recipient.msisdn in suppressed:
                self.gathered.accepted -= 1
                self.gathered.segments -= self.segments(recipient)
                self._refuse(Refusal(line=recipient.line, given=recipient.msisdn, reason=REASON))
        return kept

    def segments(self, recipient: Recipient) -> int:
        """How many segments the recipient's text has."""
        return self._fixed or measure(self._template.render(recipient.values)).count

    def _refuse(self, refusal: Refusal) -> None:
        self.gathered.refused += 1
        if len(self.gathered.refusals) < _MOST_REFUSALS:
            # who asked not to be written to is found a chunk later than what is no number
            insort(self.gathered.refusals, refusal, key=attrgetter("line"))
