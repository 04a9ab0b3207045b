"""Starting traces, if the settings ask for them and OpenTelemetry is installed."""

from worker.settings import SettingsError, Traces
from worker.tracing.witness import Witness


def start_traces(settings: Traces) -> Witness | None:
    """What makes spans and sends them to $OTEL_EXPORTER_OTLP_ENDPOINT; None when no message is to be traced.

    Raises SettingsError when messages are to be traced and the extra `otel` is not installed.
    """
    if not settings.share:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra

        from worker.tracing.spans import Spans  # noqa: PLC0415 - needs the extra, too
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"[traces] share is {settings.share:g}, but {error.name} is not installed: "
            "install the extra (pip install 'volley[otel]'), or set share = 0"
        ) from error
    return Spans(OTLPSpanExporter(), share=settings.share)
