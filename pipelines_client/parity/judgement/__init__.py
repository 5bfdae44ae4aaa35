"""Counts become a verdict: gates, limits, baselines, bounds, readiness. Reads no files and asks no engine."""
