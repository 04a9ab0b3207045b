"""An exported file for tests, and the family that reads it."""

from worker.providers.registry import EXPORTS

SMSC = EXPORTS["smsc"]
HEADER = b"ID;Phone;Status\n"
FILE = HEADER + b"".join(b"v%d;%d;1\n" % (row, 79_000_000_000 + row) for row in range(400_000))
