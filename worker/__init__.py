"""Volley's worker side: what moves messages from queued to final."""
