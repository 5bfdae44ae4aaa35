-- Which legs does the ledger have records of?
SELECT DISTINCT leg FROM words WHERE leg IS NOT NULL ORDER BY leg
