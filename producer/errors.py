"""What the producer refuses, as one tree.

    ProducerError(ValueError)
        UnknownAccountError     no worker has announced an account of that name
        UnknownCampaignError    there is no campaign of that id
        CampaignExistsError     the id belongs to a campaign that asks for something else
        NoRecipientsError       nothing is left to send to
        TextError               empty, too long for the provider, or a template that cannot be rendered
        OptionsError            a send option that the account does not take, or not with this value
        SuppressedError         the one number of a single message is on the suppression list
        RecipientsError         a source of recipients that cannot be read; its kinds are in `producer.unreadable`

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


class SuppressedError(ProducerError):
    """The one number of a single message is on the suppression list."""


class OptionsError(ProducerError):
    """A send option that the account does not take, or not with this value."""
