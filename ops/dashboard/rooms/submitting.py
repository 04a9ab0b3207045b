"""Submitting a campaign from the browser: a form with a file, a preview of what it would do, a confirmation."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, visitor
from ops.dashboard.previewing import Given, drafted, samples_of
from ops.dashboard.pricing import ask_price, tells_prices
from ops.dashboard.uploading import Upload, receive
from ops.errors import OpsError
from ops.readings import Price
from producer.checking import check_letters, checked_options, checked_time, new_id
from producer.contract.campaigns import Campaign, Lane, OnUncertain, checked_name
from producer.contract.messages import AccountName, CampaignId
from producer.directory import AccountEntry, account
from producer.drafting import Draft, Drafts
from producer.errors import ProducerError
from producer.intake import TakenOverError
from producer.msisdn import masked

ENCODINGS: Final = ("utf-8", "utf-16", "cp1253", "cp1251", "cp1252", "iso8859-7", "koi8-r")
_FIELDS: Final = (
    *("account", "text", "campaign", "sender", "lane", "not_before", "not_after", "on_uncertain"),
    *("column", "region", "encoding", "options"),
)
_AT_ONCE: Final = 2
"""Files that are received and read at once."""

_REFUSALS: Final = 50


class SubmittingRoom:
    """`/submit`: the form; `/submit/KEY`: the preview; and the orders below it. For operators."""

    place = Place(name="submit", title="Submit", path="/submit", for_operators=True)

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._drafts = Drafts(frame.redis)
        self._places = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/submit", self.show),
            web.post("/submit", self.preview),
            web.get("/submit/{key:[0-9a-f]+}", self.look),
            web.post("/submit/{key:[0-9a-f]+}/price", self.price),
            web.post("/submit/{key:[0-9a-f]+}/start", self.start),
            web.post("/submit/{key:[0-9a-f]+}/drop", self.drop),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """The empty form."""
        if not visitor(request).may_act:
            raise web.HTTPForbidden(text="A viewer may look, and not act. Ask an operator.")
        return await self._form(request, {"account": request.query.get("account", "")})

    async def preview(self, request: web.Request) -> web.Response:
        """Take the form with its file and look at them; then to the preview, or back with what is wrong."""
        draft = None
        async with self._places:
            with _passing_file() as path:
                upload = await receive(request, path, file_field="file")
                try:
                    draft = await self._draft(request, upload, path)
                except UnicodeError:
                    wrong = "the file was saved in another encoding than the one chosen"
                except (ValueError, TakenOverError) as error:  # ValueError: ProducerError, words not of a closed set
                    wrong = str(error)
        if draft is None:
            return await self._form(request, upload.fields, wrong)
        return self._frame.back(f"/submit/{draft.key}")

    async def look(self, request: web.Request) -> web.Response:
        """What would become of it."""
        return await self._preview(request, await self._found(request))

    async def price(self, request: web.Request) -> web.Response:
        """Ask the provider what its samples would cost; the preview with what it says."""
        draft = await self._found(request)
        entry, who = await account(self._frame.redis, draft.campaign.account), visitor(request).name
        try:
            async with self._frame.audit.acting(who, "campaign.price", draft.campaign.id) as act:
                price = await ask_price(self._frame.redis, entry.family, draft)
                act.after = f"{price.message:g} a message"
        except OpsError as error:
            return await self._preview(request, draft, wrong=str(error))
        return await self._preview(request, draft, price)

    async def _preview(
        self, request: web.Request, draft: Draft, price: Price | None = None, *, wrong: str = ""
    ) -> web.Response:
        overview, prices = await self._frame.overview(), await self._frame.prices()
        name = draft.campaign.account
        family = next((each.entry.family for each in overview.accounts if each.name == name), "")
        if price is not None:
            prices = {**prices, name: price}
        view = {
            "at": overview.at,
            "draft": draft,
            "refusals": [replace(each, given=masked(each.given)) for each in draft.refusals[:_REFUSALS]],
            "samples": samples_of(draft),
            **views.forecast_view(draft.campaign, draft.accepted, draft.segments, overview, prices),
            "tells_prices": tells_prices(family) and draft.accepted > 0,
            "price_told": price is not None,
            "price_wrong": wrong,
        }
        return self._frame.page("preview.html", request, {"view": view})

    async def start(self, request: web.Request) -> web.Response:
        """Let it be sent as it was previewed; then to the campaign's page."""
        draft = await self._found(request)
        campaign, who = draft.campaign, visitor(request).name
        if not draft.accepted:
            raise web.HTTPConflict(text="This was not started: there is nobody to send to.")
        try:
            async with self._frame.audit.acting(who, "campaign.submit", campaign.id) as act:
                await self._drafts.start(draft)
                act.after = f"{draft.accepted} accepted, {draft.refused} refused, account {campaign.account}"
        except TakenOverError as error:
            raise web.HTTPNotFound(text=_GONE) from error
        await self._frame.watch.look()
        self._frame.back(f"/campaigns/{quote(campaign.id, safe='')}", "submitted")

    async def drop(self, request: web.Request) -> web.Response:
        """Forget a preview; then back to the form."""
        await self._drafts.drop(await self._found(request))
        self._frame.back("/submit", "dropped")

    async def _draft(self, request: web.Request, upload: Upload, path: Path) -> Draft:
        """Check everything that a submit would, and load it; nothing is sent."""
        fields = upload.fields
        if not (upload.file_name or upload.file_size):
            raise ProducerError("choose the file with the recipients")
        redis = self._frame.redis
        entry = await account(redis, AccountName(fields.get("account", "").strip()))
        return await drafted(redis, entry, _campaign(fields, entry), _given(upload, path), visitor(request).name)

    async def _found(self, request: web.Request) -> Draft:
        draft = await self._drafts.find(request.match_info["key"], visitor(request).name)
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
    "This preview is not here (any more): it was started or dropped, is older than an hour, belongs to somebody"
    " else, or another one came for a campaign of the same id. Upload the file again."
)


@contextmanager
def _passing_file() -> Iterator[Path]:
    """A place for an upload while it is read, under a name of ours."""
    with TemporaryDirectory(prefix="volley-upload-") as folder:
        yield Path(folder) / "recipients"


def _campaign(fields: dict[str, str], entry: AccountEntry) -> Campaign:
    """The campaign that the form asks for; ValueError in words."""
    given = {name: value.strip() for name, value in fields.items()}
    now = datetime.now(UTC)
    not_before, not_after = (_moment(given.get(name, ""), name) for name in ("not_before", "not_after"))
    if not_after and not_after <= max(now, not_before or now):
        raise ProducerError("its validity ends before anything could be sent")
    name, sender = given.get("campaign", ""), given.get("sender", "")
    check_letters(sender, "the sender")
    return Campaign(
        id=CampaignId(checked_name(name, "the campaign's id") if name else new_id(entry.name)),
        account=entry.name,
        text=fields.get("text", ""),
        sender=sender,
        lane=Lane(given.get("lane") or Lane.BULK),
        not_before=not_before,
        not_after=not_after,
        on_uncertain=OnUncertain(given.get("on_uncertain") or OnUncertain.HOLD),
        created_at=now,
        options=checked_options(_options(given.get("options", "")), entry),
    )


def _given(upload: Upload, path: Path) -> Given:
    """How the file is to be read; ProducerError in words."""
    given = {name: value.strip() for name, value in upload.fields.items()}
    encoding = given.get("encoding") or "utf-8"
    if encoding not in ENCODINGS:
        raise ProducerError(f"the encoding is one of {', '.join(ENCODINGS)}")
    return Given(
        path=path,
        name=upload.file_name,
        encoding=encoding,
        column=given.get("column") or None,
        region=given.get("region") or None,
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
