"""OpenTelemetry, where it is asked for: one trace for each message, from its submission to its final report.

Everything of OpenTelemetry is in `spans.py`, which is imported only when `[traces]` asks for it: without the extra
`otel`, or with the default `share = 0`, nothing of it is loaded and nothing is done for a message.
"""

from worker.tracing.starting import start_traces
from worker.tracing.submitting import TracedSubmitter
from worker.tracing.witness import Reported, Witness

__all__ = ["Reported", "TracedSubmitter", "Witness", "start_traces"]
