"""Counts become a verdict: gates, causes of absences, checks, bounds on loss, and readiness over several runs.

This room reads no evidence and asks only the checks of a team. To add a kind of gate, add an entry to `gates.KINDS`; to
add a cause of an absence, add an entry to `causes.CAUSES`.
"""
