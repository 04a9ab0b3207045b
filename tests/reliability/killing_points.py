"""The crash points of the kill matrix: before, after and in the middle of each externally visible step."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Moment(StrEnum):
    """When the process dies, seen from the call that is named."""

    BEFORE = "before"
    AFTER = "after"
    DURING = "during"  # a tenth of a second after it began: the request is with the provider, its answer is not here


class Story(StrEnum):
    """What the victim is doing when it dies."""

    SEND = "send"
    CANCEL = "cancel"  # sending, when the campaign is cancelled
    RESUME = "resume"  # sending, when the campaign is paused and resumed
    STOP = "stop"  # sending, when SIGTERM comes
    DRAIN = "drain"  # tracking one restv2 account: one process reads one answer at a time
    LOOK_UP = "look up"  # tracking one smsc account
    RECALL = "recall"  # the same, with requests of which neither its status nor its history will know
    MATCH = "match"  # tracking, with lost answers that only the provider's list of what it sent can explain
    EXPORT = "export"
    INCOMING = "incoming"
    PUSH = "push"  # reports come by callback alone
    INTAKE = "intake"  # campaigns come over the wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The `nth` call of `place` (`module:Class.method`) that gives or takes something ends in SIGKILL.

    `role` is the victim's. `loses_reports`: a restv2 drain that was handed over and not journalled is gone
    (PROVIDERS.md B4); such a message is never sent again, and expires when it has had its time.
    """

    name: str
    place: str
    moment: Moment
    story: Story = Story.SEND
    role: str = "send"
    nth: int = 2
    loses_reports: bool = False

    def __str__(self) -> str:
        return f"{self.name} / {self.moment}"


def _points(
    name: str,
    place: str,
    *moments: Moment,
    story: Story = Story.SEND,
    role: str = "send",
    nth: int = 2,
    loses_reports: bool = False,
) -> list[Point]:
    return [
        Point(
            name=name, place=place, moment=moment, story=story, role=role, nth=nth,
            loses_reports=loses_reports and moment is moments[0],
        )
        for moment in moments
    ]  # fmt: skip


_BOTH: Final = (Moment.BEFORE, Moment.AFTER)
_POLLER: Final = "worker.polling:Poller"
_SENDER: Final = "worker.sending:Sender"

_SENDING: Final = [
    *_points("admit", "worker.throttle.gate:Gate.admit", Moment.AFTER),
    *_points("take", "worker.engine.queues:AccountQueues.take", Moment.AFTER, nth=1),
    *_points("prepare", "worker.preparing:Preparer.prepare", Moment.AFTER, nth=1),
    *_points("claim", "worker.ledger.ledger:Ledger.claim", *_BOTH),
    *_points("hand-over", f"{_SENDER}._claim", Moment.AFTER),
    *_points("pace", "worker.throttle.gate:Gate.pace", Moment.AFTER, nth=5),
    *_points("connection there", "worker.providers.exchange:_Request.send", Moment.BEFORE, nth=5),
    *_points("first byte", "aiohttp.client_reqrep:ClientRequest.send", Moment.BEFORE, nth=5),
    *_points("on the wire", "aiohttp.client_reqrep:ClientRequest.send", Moment.DURING, nth=5),
    *_points("answer", "worker.providers.exchange:Exchange.ask_when", Moment.AFTER, nth=5),
    *_points("learn", "worker.learning:Learning.learn", *_BOTH, nth=5),
    *_points("hand to the recorder", "worker.recording:Recorder.put", *_BOTH, nth=5),
    *_points("record", "worker.ledger.ledger:Ledger.record", *_BOTH),
    *_points("tell the tracker", "worker.recording:Recorder._record", Moment.AFTER),
    *_points("stop: claims released", f"{_SENDER}._let_go", *_BOTH, story=Story.STOP, nth=1),
    *_points("stop: slots given up", "worker.throttle.gate:Gate.close", *_BOTH, story=Story.STOP, nth=1),
]

_FEEDING: Final = [
    *_points("feed", "worker.feeding:Feeder.step", Moment.BEFORE),
    *_points("register", "worker.ledger.ledger:Ledger.register", *_BOTH, nth=1),
    *_points("ask for the next tick", "worker.feeding:ask_for_feed", Moment.BEFORE, nth=1),
    *_points("close", "worker.ledger.ledger:Ledger.close", *_BOTH, story=Story.CANCEL, nth=1),
    *_points("requeue", "worker.ledger.ledger:Ledger.requeue", *_BOTH, story=Story.RESUME, nth=1),
]

_TRACKING: Final = [
    *_points("drain", f"{_POLLER}._drain", Moment.BEFORE, story=Story.DRAIN, role="track"),
    *_points("journal a drain", f"{_POLLER}._kept", *_BOTH, story=Story.DRAIN, role="track", loses_reports=True),
    *_points("apply", "worker.tracking:Tracker.apply", *_BOTH, story=Story.DRAIN, role="track"),
    *_points("move by evidence", "worker.ledger.ledger:Ledger.apply", *_BOTH, story=Story.DRAIN, role="track"),
    *_points("mark a drain applied", f"{_POLLER}._mark", *_BOTH, story=Story.DRAIN, role="track"),
    *_points("look-up", "worker.lookups:Lookups._look", *_BOTH, story=Story.LOOK_UP, role="track", nth=1),
    *_points(
        "take a look-up in",
        "worker.lookups:Lookups._take_in",
        Moment.BEFORE,
        story=Story.LOOK_UP,
        role="track",
        nth=1,
    ),
    *_points(
        "ask the history",
        "worker.recalling:Recaller._reports",
        Moment.BEFORE,
        story=Story.RECALL,
        role="track",
        nth=1,
    ),
    *_points("believe it", "worker.lookups:Lookups._believe", *_BOTH, story=Story.RECALL, role="track", nth=1),
    *_points("match", "worker.matching:Matcher._take", *_BOTH, story=Story.MATCH, role="track", nth=1),
    *_points("record a match", "worker.ledger.ledger:Ledger.record", *_BOTH, story=Story.MATCH, role="track", nth=1),
]

_EXPORTING: Final = [
    *_points("list of tasks", "worker.exporting.exporter:Exporter._tasks", Moment.AFTER, story=Story.EXPORT,
             role="track", nth=1),
    *_points("download", "worker.exporting.fetching:Fetcher.fetch", *_BOTH, story=Story.EXPORT, role="track", nth=1),
    *_points("rename", "worker.exporting.files:Part._put", *_BOTH, story=Story.EXPORT, role="track", nth=1),
    *_points("rows applied", "worker.exporting.applying:RowApplier._take", *_BOTH, story=Story.EXPORT, role="track",
             nth=1),
    *_points("export done", "worker.exporting.exporter:Exporter._done", *_BOTH, story=Story.EXPORT, role="track",
             nth=1),
]  # fmt: skip

_COMING_IN: Final = [
    *_points("journal a callback", "worker.callbacks:Receiver._keep", *_BOTH, story=Story.PUSH, role="web", nth=10),
    *_points("apply callbacks", "worker.applying:PushApplier._apply", *_BOTH, story=Story.PUSH, role="track"),
    *_points("hand an MO on", "worker.incoming:IncomingBook.take", *_BOTH, story=Story.INCOMING, role="track"),
    *_points("take an entry", "worker.receiving:Receiver.take", *_BOTH, story=Story.INTAKE),
    *_points("settle an entry", "worker.receiving:Receiver._done", *_BOTH, story=Story.INTAKE),
]

POINTS: Final[dict[str, Point]] = {
    str(point): point for point in (*_SENDING, *_FEEDING, *_TRACKING, *_EXPORTING, *_COMING_IN)
}

SHORT: Final = (
    "claim / after",
    "on the wire / during",
    "record / before",
    "register / after",
    "journal a drain / after",
    "take an entry / after",
)
"""One of each kind, for every run of the tests."""

IN_COMPANY: Final = tuple(
    name
    for name, point in POINTS.items()
    if point.story in {Story.SEND, Story.DRAIN, Story.LOOK_UP, Story.RECALL, Story.INTAKE, Story.STOP}
    and point.role != "web"
)
"""Those at which others work beside the victim in a second run."""
