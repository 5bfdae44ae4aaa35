"""Where the two copies of a message differ, which differences are expected, and which are noise."""
