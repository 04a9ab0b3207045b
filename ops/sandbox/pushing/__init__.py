"""Callbacks: what the sandbox tells a client by itself, and how it is written and sent (PROVIDERS.md A11, B9)."""
