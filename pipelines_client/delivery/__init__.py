"""From "taken" to "settled": the durable spool, one sender for each leg, and what dead processes left.

Knows destinations, routing and what lies on disk (`state`). Never imports the client or parity. Everything that may
block or fail happens here, outside the caller's `track()`, except for one append to the spool.
One more way to end a message is an `Outcome` or a reason code of `sending/fates.py`; the sum that `status` checks
(recorded = pending + outcomes) must hold for it.
"""
