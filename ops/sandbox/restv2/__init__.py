"""The restv2 family as the sandbox plays it (PROVIDERS.md part B)."""
