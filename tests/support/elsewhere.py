"""Modules of the package without a test file of their name, and the test file that tests each."""

TESTED_IN: dict[str, str] = {}
