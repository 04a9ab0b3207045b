"""The rooms of the page, one module each. A new one is a class with `place` and `routes`, and a row here."""

from collections.abc import Callable
from typing import Final

from ops.dashboard.frame import Frame, Room
from ops.dashboard.rooms.accounts import AccountsRoom
from ops.dashboard.rooms.audit import AuditRoom
from ops.dashboard.rooms.campaigns import CampaignsRoom
from ops.dashboard.rooms.charts import ChartsRoom
from ops.dashboard.rooms.dead import DeadRoom
from ops.dashboard.rooms.exports import ExportsRoom
from ops.dashboard.rooms.incoming import IncomingRoom
from ops.dashboard.rooms.live import LiveRoom
from ops.dashboard.rooms.login import LoginRoom
from ops.dashboard.rooms.machines import MachinesRoom
from ops.dashboard.rooms.matching import MatchingRoom
from ops.dashboard.rooms.message import MessageRoom
from ops.dashboard.rooms.messages import MessagesRoom
from ops.dashboard.rooms.orders import OrdersRoom
from ops.dashboard.rooms.overview import OverviewRoom
from ops.dashboard.rooms.queues import QueuesRoom
from ops.dashboard.rooms.submitting import SubmittingRoom
from ops.dashboard.rooms.uncertain import UncertainRoom

ROOMS: Final[tuple[Callable[[Frame], Room], ...]] = (
    OverviewRoom,
    CampaignsRoom,
    SubmittingRoom,
    MessagesRoom,
    MessageRoom,
    MatchingRoom,
    AccountsRoom,
    UncertainRoom,
    DeadRoom,
    OrdersRoom,
    QueuesRoom,
    ChartsRoom,
    IncomingRoom,
    ExportsRoom,
    AuditRoom,
    LoginRoom,
    LiveRoom,
    MachinesRoom,
)
"""In the order of the menu."""
