"""Deferred exports: task list -> CSV file -> rows as delivery reports, once each."""

from worker.exporting.applying import RowApplier
from worker.exporting.book import ExportBook
from worker.exporting.exporter import Exporter
from worker.exporting.fetching import Fetcher
from worker.exporting.jobs import export, export_all
from worker.exporting.lease import Lease

__all__ = ["ExportBook", "Exporter", "Fetcher", "Lease", "RowApplier", "export", "export_all"]
