-- How many messages have a person in the ledger and at a side, and how many of them the same one?
SELECT compared, same
FROM key_fit
