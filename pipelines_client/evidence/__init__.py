"""Evidence: exports and ledgers, found, recognised and read line by line into facts."""
