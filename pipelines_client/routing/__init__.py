"""Which legs a message takes: the stage, shares of people, the stage file. Knows messages, and no network or spool."""
