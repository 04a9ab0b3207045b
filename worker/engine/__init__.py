"""The engine, the only place that knows arq's insides: batches on account queues, stock jobs on control queues."""

from worker.engine.control import ControlWorker
from worker.engine.queues import AccountQueues, Taken

__all__ = ["AccountQueues", "ControlWorker", "Taken"]
