"""The throttle: what may leave, when, and why not yet. Limits belong to a provider login and live in Redis."""

from worker.throttle.crowd import Crowd
from worker.throttle.gate import SLOTS, Admission, Gate, Waiting, login_key
from worker.throttle.windows import TooSoonError, Windows

__all__ = ["SLOTS", "Admission", "Crowd", "Gate", "TooSoonError", "Waiting", "Windows", "login_key"]
