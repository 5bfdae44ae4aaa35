"""What the client costs, beside the client it replaces, in one run on one machine: `make bench`.

`cases/` has one file per question; a new one is picked up by being there. A case asks a `Bench` for runs: each is a
process of its own (`child`) that makes calls with one of the clients (`subjects`) against one server (`server`), and
that is broken unless every message arrived. `statistics` is pure; `report` and `plots` write down what came of it.
"""
