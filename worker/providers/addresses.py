"""What a provider's base URL may be."""

from yarl import URL


def checked_base_url(base_url: str) -> URL:
    """The base URL; ValueError when it is none. It is not repeated there, because a password may be in it."""
    try:
        url = URL(base_url)
        host = url.host or ""
        host.encode("idna")  # what resolving will do; a UnicodeError there would be no OSError
    except ValueError:
        raise ValueError("base_url is not a URL with a possible host name") from None
    if not base_url.isprintable():
        raise ValueError("base_url has characters that cannot be seen")
    if url.scheme not in {"http", "https"} or not host:
        raise ValueError("base_url must begin with https:// (or http://) and a host name")
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise ValueError("base_url must be a host and perhaps a path: no user, password, query or fragment")
    return url
