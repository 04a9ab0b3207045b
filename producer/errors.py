"""What the producer refuses, as one tree.

    ProducerError(ValueError)
        UnknownAccountError     no worker has announced an account of that name
        UnknownCampaignError    there is no campaign of that id
        CampaignExistsError     the id belongs to a campaign that asks for something else
        NoRecipientsError       nothing is left to send to
        TextError               empty, too long for the provider, or a template that cannot be rendered
        NumberError             the one number of a single message is no MSISDN
        RecipientsError         a source of recipients that cannot be read
            HeaderError         its column names do not tell what is needed
            SourceError         it breaks off at a line: encoding, quotes, length
            UnknownRegionError  a default region that is no ISO code

A recipient that is refused is no error: it is counted, kept with its line and reason, and the rest goes on.
"""


class ProducerError(ValueError):
    """Nothing was stored; the message says what to change."""


class UnknownAccountError(ProducerError):
    """No worker has announced an account of that name."""


class UnknownCampaignError(ProducerError):
    """There is no campaign of that id."""


class CampaignExistsError(ProducerError):
    """The id belongs to a campaign that asks for something else, or that can take no more."""


class NoRecipientsError(ProducerError):
    """Nothing is left to send to."""


class TextError(ProducerError):
    """A text that cannot be sent: empty, too long, or a template that cannot be rendered."""


class NumberError(ProducerError):
    """The one number of a single message is no MSISDN; says why, and nothing of the number."""


class RecipientsError(ProducerError):
    """A source of recipients that cannot be read, as a whole."""


class HeaderError(RecipientsError):
    """The column names, or the lack of them; says what was found and what is expected."""


class SourceError(RecipientsError):
    """The source breaks off at `line` (from 1): what came before it was read, the rest cannot be."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


class UnknownRegionError(RecipientsError):
    """A default region that is no ISO code of a country with telephone numbers."""
