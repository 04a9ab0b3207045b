"""Redis itself: whether it keeps what it is told, and how much room it has, as workers read it at their start."""

from producer.server import Concern, ServerReading, concerns, read_server

__all__ = ["Concern", "ServerReading", "concerns", "read_server"]
