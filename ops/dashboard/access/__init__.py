"""Who may look and who may act: credentials, sessions, one-time links, limited attempts, the guard."""

from ops.dashboard.access.attempts import Attempts
from ops.dashboard.access.credentials import (
    THIS_MACHINE,
    Credentials,
    Known,
    Role,
    WebAccessError,
    is_loopback,
    row_of,
)
from ops.dashboard.access.guard import (
    FORM_TOKEN,
    HEADERS,
    VISITOR,
    Access,
    Visitor,
    address_of,
    cookie_name,
    dress,
    guard,
    is_encrypted,
    protect,
    upload_of,
    visitor_of,
)
from ops.dashboard.access.links import make_link, use_link
from ops.dashboard.access.sessions import LONGEST, Session, Sessions

__all__ = [
    "FORM_TOKEN",
    "HEADERS",
    "LONGEST",
    "THIS_MACHINE",
    "VISITOR",
    "Access",
    "Attempts",
    "Credentials",
    "Known",
    "Role",
    "Session",
    "Sessions",
    "Visitor",
    "WebAccessError",
    "address_of",
    "cookie_name",
    "dress",
    "guard",
    "is_encrypted",
    "is_loopback",
    "make_link",
    "protect",
    "row_of",
    "upload_of",
    "use_link",
    "visitor_of",
]
