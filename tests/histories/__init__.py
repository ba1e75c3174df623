"""Recorded histories: what happened once is decided in the same way on every commit.

`recorded/` holds the events of real runs, one canonical JSON line each, without the places and
names of the machine that they ran on. `decided/` tells, for every event, where the ticket stood
and what was decided next. When a change is meant to decide otherwise, `python -m tests.histories`
writes `decided/` anew; its diff is what the change means for tickets that are under way.
"""
