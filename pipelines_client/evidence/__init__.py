"""Evidence: exports and ledgers are found, recognised and read, line by line, into facts.

Owns the listing of files, file formats (`files`), kinds of evidence (`kinds`) and APIs that count (`count_apis`).
Judges nothing, and imports neither `parity` nor `history`: both build on it. To add a kind, a format or an API, add a
file and one line in the tuple of its folder.
"""
