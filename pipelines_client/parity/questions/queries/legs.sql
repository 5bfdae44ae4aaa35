-- Which legs does the ledger speak of?
SELECT DISTINCT leg FROM words WHERE leg IS NOT NULL ORDER BY leg
