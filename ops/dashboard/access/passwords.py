"""Passwords as they are kept: scrypt with a salt, in one word that no shell or unit file takes apart. Pure but slow.

The parameters are those OWASP's password storage cheat sheet gives for 32 MiB (N=2^15, r=8, p=3).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final, Self

LEAST_PASSWORD: Final = 10
"""Characters below which no password is hashed; length is what makes a password, not its signs."""

MOST_PASSWORD: Final = 1024

_KIND: Final = "scrypt"
_COST, _BLOCK, _LANES = 15, 8, 3
_SALT: Final = 16
_DIGEST: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """A password's hash with its parameters, written `scrypt.COST.BLOCK.LANES.SALT.DIGEST`; 2^COST rounds."""

    cost: int
    block: int
    lanes: int
    salt: bytes
    digest: bytes

    def __str__(self) -> str:
        return f"{_KIND}.{self.cost}.{self.block}.{self.lanes}.{_written(self.salt)}.{_written(self.digest)}"

    @classmethod
    def of(cls, password: str) -> Self:
        """Hash a password with a new salt; takes a third of a second and 32 MiB. ValueError: too short or long."""
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
            raise ValueError(f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters")
        salt = secrets.token_bytes(_SALT)
        digest = _digest(password, salt, _COST, _BLOCK, _LANES)
        return cls(cost=_COST, block=_BLOCK, lanes=_LANES, salt=salt, digest=digest)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one; ValueError when it is none, or would take more than 256 MiB to check."""
        kind, *rest = text.split(".")
        if kind != _KIND or len(rest) != 5:
            raise ValueError(f"a password hash reads {_KIND}.COST.BLOCK.LANES.SALT.DIGEST")
        cost, block, lanes = (int(number) if number.isascii() and number.isdecimal() else 0 for number in rest[:3])
        salt, digest = map(_read, rest[3:])
        if not (14 <= cost <= 18 and 1 <= block <= 8 and 1 <= lanes <= 16 and len(salt) >= 8 and len(digest) >= 16):
            raise ValueError("the parameters of a password hash are out of bounds")
        return cls(cost=cost, block=block, lanes=lanes, salt=salt, digest=digest)

    def fits(self, password: str) -> bool:
        """Whether this is the hash of `password`, in constant time; as slow as making it."""
        if len(password) > MOST_PASSWORD:
            return False
        return hmac.compare_digest(_digest(password, self.salt, self.cost, self.block, self.lanes), self.digest)


NOBODY: Final = Hashed(cost=_COST, block=_BLOCK, lanes=_LANES, salt=b"\0" * _SALT, digest=b"\0" * _DIGEST)
"""What no password fits: checked for a user who is not there, so that it takes as long as for one who is."""


def _digest(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    words = password.encode(errors="surrogatepass")
    room = 128 * block * (2**cost + lanes) + 1024 * 1024
    return hashlib.scrypt(words, salt=salt, n=2**cost, r=block, p=lanes, maxmem=room, dklen=_DIGEST)


def _written(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _read(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("salt and digest of a password hash are base64 with - and _") from error
