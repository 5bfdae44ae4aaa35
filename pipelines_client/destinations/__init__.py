"""The two APIs: one file for each vendor, and what they share."""
