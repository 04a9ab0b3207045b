"""Forgetting one person: number and values out of everything that Volley keeps, piece by piece."""

from worker.forgetting.forgetter import Forgetter
from worker.forgetting.jobs import forget

__all__ = ["Forgetter", "forget"]
