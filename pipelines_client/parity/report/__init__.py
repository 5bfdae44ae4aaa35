"""Everything that was counted and judged becomes one `ParityReport`."""
