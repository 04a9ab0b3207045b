"""Benchmarks: what Volley costs beside the HTTP request, side by side with others, in one run on one machine."""
