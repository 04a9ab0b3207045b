"""What ops could not do; the command line prints the message and ends with status 1.

OpsError
├── NoRedisServer      no server program on this machine, and no REDIS_URL
└── RedisNotReady      the embedded server did not start, answer or end in time
"""


class OpsError(Exception):
    """Something could not be done; the text is for the person at the terminal."""


class NoRedisServer(OpsError):  # noqa: N818  # what is missing says more than another "Error"
    """There is no Redis to use and none to start."""


class RedisNotReady(OpsError):  # noqa: N818  # what it is not says more than another "Error"
    """The embedded Redis did not do what was asked in time; the text ends with its log."""
