"""Volley's operations side: what shows, asks and runs."""
