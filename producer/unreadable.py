"""What stops the reading of recipients, as one branch of the tree in `producer.errors`.

    RecipientsError(ProducerError)    the source as a whole cannot be read as recipients
        SourceError                   it is no sound text: encoding, NUL bytes, quotes, bounds; has `line`
        HeaderError                   its columns are not as they must be
        UnknownRegionError            the default region is no ISO code of a country
        NumberError                   a single number, normalised by itself, is none

A single row that cannot be taken is no exception but a `Refusal`. A file that is not there raises
what `open` raises.
"""

from producer.errors import ProducerError


class RecipientsError(ProducerError):
    """The source as a whole cannot be read as recipients; nothing more is yielded."""


class SourceError(RecipientsError):
    """The source is no sound text: undecodable, with NUL bytes, or with a line or row out of bounds."""

    def __init__(self, line: int, problem: str) -> None:
        self.line = line
        super().__init__(f"line {line}: {problem}")


class HeaderError(RecipientsError):
    """The columns are not as they must be: says what was found and what is expected."""


class UnknownRegionError(RecipientsError):
    """A default region that is no ISO code of a country with telephones."""


class NumberError(RecipientsError):
    """A number that was given by itself is none; the message is the reason, without the number."""
