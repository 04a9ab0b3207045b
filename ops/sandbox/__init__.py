"""A gateway that plays both provider families over real HTTP and keeps its own ledger of what it accepted.

It imports nothing of ours: what it says about a sender is not our own opinion of ourselves.
"""
