"""Submits a file to Volley in a process of its own: `python -m ops.bench.submitter FILE ACCOUNT REDIS_URL`.

Prints one line of JSON: the campaign, recipients stored, seconds, and the most memory held.
"""

import gc
import json
import resource
import sys
import time
from pathlib import Path

import uvloop

from ops.bench.rows import TEXT
from producer.client import CampaignProducer
from producer.pool import connect


async def _submit(path: Path, account: str, url: str) -> dict[str, object]:
    redis = connect(url)
    try:
        began = time.monotonic()
        told = await CampaignProducer(redis).submit(account_name=account, text=TEXT, recipients=path)
        seconds = time.monotonic() - began
    finally:
        await redis.aclose()
    return {"campaign": told.campaign, "count": told.accepted, "seconds": seconds, "peak_bytes": _peak()}


def _peak() -> int:
    """The most memory of this process and its largest child together, in bytes."""
    held = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return held if sys.platform == "darwin" else held * 1024


def main(arguments: list[str]) -> None:
    """`FILE ACCOUNT REDIS_URL`."""
    path, account, url = arguments
    gc.set_threshold(50_000, 50, 50)  # as `volley submit` has it
    sys.stdout.write(json.dumps(uvloop.run(_submit(Path(path), account, url))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
