"""Every place where bytes from outside become values: one table, used by the corpus, hypothesis and atheris alike.

A target takes any bytes. It returns, or raises one of the exceptions that its documentation promises; any other
exception, a broken promise about the value (an AssertionError), too long a time or too much memory is a defect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz import from_outside, from_people, from_providers
from worker.providers.registry import FAMILIES

CORPUS: Final = Path(__file__).parent / "corpus"
"""A folder for each target: inputs that reach different code, and every input that once broke something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One parser. `allowed`: the documented exceptions. `words`: what its inputs are made of."""

    name: str
    run: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...] = ()
    words: tuple[bytes, ...] = ()

    def outcome(self, data: bytes) -> str:
        """How reading ended: `read`, or the name of a documented exception. Every other exception goes through."""
        try:
            self.run(data)
        except self.allowed as error:
            return type(error).__name__
        return "read"

    def cases(self) -> list[Path]:
        """The inputs that are kept."""
        return sorted(path for path in (CORPUS / self.name).glob("*") if path.is_file())


_FORMAT_NAMES: Final = {"smsc": {"0": "text", "1": "commas", "2": "xml", "3": "json"}, "restv2": {}}


def _answers() -> list[Target]:
    return [
        Target(
            name=f"{family}-{_FORMAT_NAMES[family].get(form, form)}",
            run=from_providers.answers(family, form),
            words=from_providers.WORDS,
        )
        for family in FAMILIES
        for form in FAMILIES[family].formats
    ]


TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (
        *_answers(),
        Target(name="smsc-callback", run=from_providers.callback("smsc"), words=from_providers.WORDS),
        Target(name="restv2-callback", run=from_providers.callback("restv2"), words=from_providers.WORDS),
        Target(name="export-file", run=from_providers.export, words=from_providers.WORDS),
        Target(name="answer-head", run=from_providers.head, words=(b"Content-Range: ", b"bytes ", b"ETag: ", b'"')),
        Target(
            name="recipients-file",
            run=from_people.recipients_file,
            allowed=from_people.UNREADABLE,
            words=from_people.WORDS,
        ),
        Target(name="recipients-items", run=from_people.items, words=from_people.WORDS),
        Target(
            name="numbers", run=from_people.number, allowed=from_people.UNREADABLE, words=(b"+", b"00", b"GR", b"0")
        ),
        Target(
            name="template",
            run=from_people.template,
            allowed=from_people.UNUSABLE_TEXT,
            words=(b"$", b"${", b"}", b"$$", b"%s"),
        ),
        Target(
            name="settings",
            run=from_people.settings,
            allowed=from_people.WRONG_SETTING,
            words=from_people.SETTING_WORDS,
        ),
        Target(name="parameters", run=from_people.parameters, allowed=(ValueError,), words=from_people.CALL_WORDS),
        Target(
            name="moments",
            run=from_people.moment,
            allowed=from_people.NO_MOMENT,
            words=(b"T", b"Z", b"+14:00", b"-W"),
        ),
        Target(name="wire-entry", run=from_outside.entry, allowed=(ValueError,), words=from_outside.WORDS),
        Target(name="stored-chunk", run=from_outside.chunk, allowed=(ValueError,), words=from_outside.WORDS),
        Target(name="stored-suppression", run=from_outside.suppression, words=(b'{"since":', b'"why":')),
        Target(name="stored-callback", run=from_outside.stored_callback, words=(b"{", b'"')),
    )
}
