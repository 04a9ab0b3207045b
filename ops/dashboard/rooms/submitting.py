"""Submitting a campaign from the browser: a form with a file, a preview of what it would do, a confirmation."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.drafts import Asked, Draft
from ops.dashboard.frame import Frame, Place, visitor
from ops.dashboard.previewing import preview_of, source_of
from ops.dashboard.uploading import Upload, receive
from producer.checking import checked_options, checked_time, new_id
from producer.contract.campaigns import Lane, OnUncertain, checked_name
from producer.contract.messages import AccountName
from producer.directory import account
from producer.errors import ProducerError
from producer.intake import TakenOverError

ENCODINGS: Final = ("utf-8", "utf-16", "cp1253", "cp1251", "cp1252", "iso8859-7", "koi8-r")
_FIELDS: Final = (
    *("account", "text", "campaign", "sender", "lane", "not_before", "not_after", "on_uncertain"),
    *("column", "region", "encoding", "options"),
)
_AT_ONCE: Final = 2
"""Files that are received and read at once."""


class SubmittingRoom:
    """`/submit`: the form; `/submit/KEY`: the preview; and the orders below it. For operators."""

    place = Place(name="submit", title="Submit", path="/submit", for_operators=True)

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._drafts = frame.drafts
        self._places = asyncio.Semaphore(_AT_ONCE)
        frame.closing.append(self.close)

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/submit", self.show),
            web.post("/submit", self.preview),
            web.get("/submit/{key:[0-9a-f]+}", self.look),
            web.post("/submit/{key:[0-9a-f]+}/start", self.start),
            web.post("/submit/{key:[0-9a-f]+}/drop", self.drop),
        ]

    async def close(self) -> None:
        """Delete what was uploaded and not started."""
        self._drafts.close()

    async def show(self, request: web.Request) -> web.Response:
        """The empty form."""
        if not visitor(request).may_act:
            raise web.HTTPForbidden(text="A viewer may look, and not act. Ask an operator.")
        return await self._form(request, {"account": request.query.get("account", "")})

    async def preview(self, request: web.Request) -> web.Response:
        """Take the form with its file and look at them; then to the preview, or back with what is wrong."""
        path = self._drafts.new_path()
        draft = None
        try:
            async with self._places:
                upload = await receive(request, path, file_field="file")
                try:
                    draft = await self._draft(request, upload, path)
                except UnicodeError:
                    wrong = "the file was saved in another encoding than the one chosen"
                except ValueError as error:  # ProducerError and its kinds, and words that are none of a closed set
                    wrong = str(error)
        finally:
            if draft is None:
                self._drafts.drop(path.name)
        if draft is None:
            return await self._form(request, upload.fields, wrong)
        return self._frame.back(f"/submit/{draft.key}")

    async def look(self, request: web.Request) -> web.Response:
        """What would become of it."""
        draft, overview = self._found(request), await self._frame.overview()
        reading = next((each for each in overview.accounts if each.name == draft.asked.account_name), None)
        price = (await self._frame.prices()).get(reading.entry.name) if reading else None
        speed = reading.throttle.effective * reading.entry.batch if reading else 0.0
        view = {
            "at": overview.at,
            "key": draft.key,
            "file": draft.file_name,
            "asked": draft.asked,
            "preview": draft.preview,
            "cost": None if price is None else price * draft.preview.accepted,
            "currency": reading.currency if reading else "",
            "balance": reading.balance if reading else None,
            "seconds": draft.preview.accepted / speed if speed else None,
        }
        return self._frame.page("preview.html", request, {"view": view})

    async def start(self, request: web.Request) -> web.Response:
        """Submit it as it was previewed; then to the campaign's page."""
        who = visitor(request).name
        draft = self._drafts.take(request.match_info["key"], who)
        if draft is None:
            raise web.HTTPNotFound(text=_GONE)
        campaign = draft.asked.campaign_id
        try:
            async with self._frame.audit.acting(who, "campaign.submit", campaign) as act:
                act.after = await self._submitted(draft)
        except (ProducerError, TakenOverError) as error:
            self._drafts.put_back(draft)
            raise web.HTTPConflict(text=f"This was not started: {error}.") from error
        except BaseException:
            self._drafts.put_back(draft)
            raise
        self._drafts.drop(draft.key)
        await self._frame.watch.look()
        self._frame.back(f"/campaigns/{quote(campaign, safe='')}", "submitted")

    async def drop(self, request: web.Request) -> web.Response:
        """Forget a preview; then back to the form."""
        self._drafts.drop(self._found(request).key)
        self._frame.back("/submit", "dropped")

    async def _draft(self, request: web.Request, upload: Upload, path: Path) -> Draft:
        """Check everything that a submit would, before anything is stored."""
        fields = upload.fields
        if not (upload.file_name or upload.file_size):
            raise ProducerError("choose the file with the recipients")
        entry = await account(self._frame.redis, AccountName(fields.get("account", "").strip()))
        asked = _asked(fields)
        checked_options(asked.options, entry)
        preview = await preview_of(
            self._frame.redis,
            entry,
            asked.text,
            path,
            encoding=asked.encoding,
            column=asked.column,
            region=asked.default_region,
        )
        return self._drafts.keep(visitor(request).name, path, upload.file_name, asked, preview)

    async def _submitted(self, draft: Draft) -> str:
        asked = {name: value for name, value in asdict(draft.asked).items() if name != "encoding"}
        with source_of(draft.path, draft.asked.encoding) as source:
            submitted = await self._frame.producer.submit(recipients=source, **asked)
        state = "" if submitted.is_new else ", submitted before"
        return (
            f"{submitted.accepted} accepted, {submitted.refused} refused, account {draft.asked.account_name}{state}"
        )

    def _found(self, request: web.Request) -> Draft:
        draft = self._drafts.find(request.match_info["key"], visitor(request).name)
        if draft is None:
            raise web.HTTPNotFound(text=_GONE)
        return draft

    async def _form(self, request: web.Request, fields: views.View, wrong: str = "") -> web.Response:
        overview = await self._frame.overview()
        view = {
            "at": overview.at,
            "accounts": [each.entry for each in overview.accounts],
            "fields": dict.fromkeys(_FIELDS, "") | fields,
            "wrong": f"{wrong[:1].upper()}{wrong[1:]}",
            "encodings": ENCODINGS,
            "lanes": [*Lane],
            "policies": [*OnUncertain],
        }
        return self._frame.page("submit.html", request, {"view": view}, status=400 if wrong else 200)


_GONE: Final = (
    "This preview is not here (any more): it was started or dropped, is older than an hour, or belongs to somebody"
    " else or to another web process. Upload the file again."
)


def _asked(fields: dict[str, str]) -> Asked:
    """The campaign that the form asks for; ValueError in words."""
    given = {name: value.strip() for name, value in fields.items()}
    not_before, not_after = (_moment(given.get(name, ""), name) for name in ("not_before", "not_after"))
    begins = max(datetime.now(UTC), not_before) if not_before else datetime.now(UTC)
    if not_after and not_after <= begins:
        raise ProducerError("its validity ends before anything could be sent")
    name = given.get("campaign", "")
    encoding = given.get("encoding") or "utf-8"
    if encoding not in ENCODINGS:
        raise ProducerError(f"the encoding is one of {', '.join(ENCODINGS)}")
    return Asked(
        account_name=given.get("account", ""),
        text=fields.get("text", ""),
        campaign_id=checked_name(name, "the campaign's id") if name else new_id(given.get("account", "")),
        sender=given.get("sender", ""),
        lane=Lane(given.get("lane") or Lane.BULK),
        not_before=not_before,
        not_after=not_after,
        on_uncertain=OnUncertain(given.get("on_uncertain") or OnUncertain.HOLD),
        options=_options(given.get("options", "")),
        column=given.get("column") or None,
        default_region=given.get("region") or None,
        encoding=encoding,
    )


def _moment(given: str, name: str) -> datetime | None:
    """A time of the form, in UTC unless it says otherwise."""
    if not given:
        return None
    what = name.replace("_", " ")
    try:
        read = datetime.fromisoformat(given)
    except ValueError as error:
        raise ProducerError(f"{what}: {given[:40]!r} is no time") from error
    return checked_time(read if read.tzinfo else read.replace(tzinfo=UTC), what)


def _options(given: str) -> dict[str, str]:
    """Lines of `name=value`."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, given.split("\n"))):
        name, equals, value = line.partition("=")
        if not equals or not name.strip() or name.strip() in found:
            raise ProducerError(f"option {line[:40]!r}: each line reads NAME=VALUE, each name once")
        found[name.strip()] = value.strip()
    return found
