-- Which legs does the ledger speak of?
SELECT DISTINCT leg FROM facts WHERE source = 'ledger' ORDER BY leg
