"""What the client costs, compared with the client it replaces, measured on one machine: `make bench`.

`cases/` has one file per question. A case asks a `Bench` for runs. Each run is a separate process (`child`) that makes
calls with one of the clients (`subjects`) against one server (`server`); it fails unless every message arrives.
`statistics` is pure; `report` and `plots` write the page.
"""
