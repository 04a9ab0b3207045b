"""The smsc family as the sandbox plays it (PROVIDERS.md part A)."""
