"""A multipart form as it comes: small fields, and one file to disk. Every part is bounded, whatever was announced."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from aiohttp import BodyPartReader, web

from ops.dashboard.access import upload_of

LARGEST_FILE: Final = 32 * 1024 * 1024
_LARGEST_FIELD: Final = 64 * 1024
_MOST_PARTS: Final = 30
_CHUNK: Final = 256 * 1024
_WITHIN: Final = 600.0
_LONGEST_NAME: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The fields of a form by name, what the browser called the file (empty when none was chosen), and its bytes."""

    fields: dict[str, str]
    file_name: str
    file_size: int


async def receive(request: web.Request, path: Path, *, file_field: str) -> Upload:
    """Read the form behind its token, the file to `path`. 4xx in words when something is too large or no text."""
    try:
        async with asyncio.timeout(_WITHIN):
            return await _receive(request, path, file_field)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="The upload took too long. Try a smaller file.") from error
    except ValueError as error:  # what aiohttp says of a form that is none
        raise web.HTTPBadRequest(text="This form cannot be read.") from error


async def _receive(request: web.Request, path: Path, file_field: str) -> Upload:
    fields: dict[str, str] = {}
    file_name, size = "", 0
    upload, parts = await upload_of(request), 0
    while (part := await upload.next()) is not None:
        parts += 1
        if not isinstance(part, BodyPartReader) or part.name is None or parts > _MOST_PARTS:
            raise web.HTTPBadRequest(text="This form cannot be read.")
        if part.name == file_field:
            file_name = (part.filename or "")[:_LONGEST_NAME]
            with path.open("wb") as file:
                size = await _write(part, file)
        else:
            fields[part.name] = await _text(part)
    return Upload(fields=fields, file_name=file_name, file_size=size)


async def _write(part: BodyPartReader, file: IO[bytes]) -> int:
    """The bytes that were written."""
    size = 0
    while data := await part.read_chunk(_CHUNK):
        size += len(data)
        if size > LARGEST_FILE:
            raise web.HTTPRequestEntityTooLarge(
                max_size=LARGEST_FILE,
                actual_size=size,
                text=f"A file may have {LARGEST_FILE // 2**20} MiB here. `volley submit` takes larger ones.",
            )
        await asyncio.to_thread(file.write, data)
    return size


async def _text(part: BodyPartReader) -> str:
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk
        if len(data) > _LARGEST_FIELD:
            raise web.HTTPRequestEntityTooLarge(
                max_size=_LARGEST_FIELD, actual_size=len(data), text="A field of this form is too long."
            )
    return data.decode().replace("\r\n", "\n")
