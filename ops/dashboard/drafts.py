"""Campaigns that were uploaded and looked at, and not started yet: their files, on this host's disk, for a while."""

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from ops.dashboard.previewing import Preview
from producer.contract.campaigns import Lane, OnUncertain

LIFE: Final = 3600.0
"""Seconds that a draft is kept."""

MOST: Final = 4
"""Drafts that are kept at once; the oldest goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the form says of a campaign, as `CampaignProducer.submit` takes it. `encoding` is the file's."""

    account_name: str
    text: str
    campaign_id: str
    sender: str = ""
    lane: Lane = Lane.BULK
    not_before: datetime | None = None
    not_after: datetime | None = None
    on_uncertain: OnUncertain = OnUncertain.HOLD
    options: Mapping[str, str] = field(default_factory=dict)
    column: str | None = None
    default_region: str | None = None
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One of them. `file_name` is what the browser called the file: shown, never used as a path."""

    key: str
    owner: str
    path: Path
    file_name: str
    asked: Asked
    preview: Preview
    made_at: float


class Drafts:
    """The drafts of one web process; they go with it. `clock` is monotonic seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._folder: Path | None = None
        self._kept: dict[str, Draft] = {}

    def new_path(self) -> Path:
        """Where an upload may be written: a private place, under a name of ours."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="volley-drafts-"))
        return self._folder / secrets.token_hex(16)

    def keep(self, owner: str, path: Path, file_name: str, asked: Asked, preview: Preview) -> Draft:
        """Keep a draft; the oldest ones go when there are too many."""
        self._forget_old()
        while len(self._kept) >= MOST:
            self.drop(next(iter(self._kept)))
        draft = Draft(
            key=path.name,
            owner=owner,
            path=path,
            file_name=file_name,
            asked=asked,
            preview=preview,
            made_at=self._clock(),
        )
        self._kept[draft.key] = draft
        return draft

    def find(self, key: str, owner: str) -> Draft | None:
        """A draft of this owner; None when there is none (any more)."""
        self._forget_old()
        draft = self._kept.get(key)
        return draft if draft is not None and draft.owner == owner else None

    def take(self, key: str, owner: str) -> Draft | None:
        """Take a draft out, so that nobody starts it twice; its file stays until `drop` or `put_back`."""
        draft = self.find(key, owner)
        return self._kept.pop(key) if draft else None

    def put_back(self, draft: Draft) -> None:
        """It was not started after all."""
        self._kept[draft.key] = draft

    def drop(self, key: str) -> None:
        """Forget a draft, if there is one, and delete its file, if it is there."""
        self._kept.pop(key, None)
        if self._folder is not None:
            (self._folder / key).unlink(missing_ok=True)

    def close(self) -> None:
        """Delete everything."""
        self._kept.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _forget_old(self) -> None:
        for key in [key for key, draft in self._kept.items() if self._clock() - draft.made_at > LIFE]:
            self.drop(key)
