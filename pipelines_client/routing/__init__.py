"""Which legs a message takes: the stage, shares of people, the stage file.

Decides by the message and the plan, and reports nothing back: it knows no network and no spool. To add a stage, add a
member to `Stage` and to its three properties; to add a way to choose messages, add a field to `Names`.
"""
