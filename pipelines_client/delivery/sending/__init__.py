"""From the spool to an API: a sender thread for each leg, its batches and pace, and what an answer means."""
