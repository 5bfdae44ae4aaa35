"""From "taken" to "settled": the durable spool, and one sender for each leg."""
