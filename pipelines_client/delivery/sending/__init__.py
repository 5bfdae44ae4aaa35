"""From the spool to an API: one sender thread for each leg, its batches, its pace, and what an answer means.

Knows the spool below it; knows no lane, no pipeline and no vendor: a destination says what its limits and answers are.
A new reason to wait, split or pause is a `Decision` of the destination and its branch in `Sender._deliver`.
"""
