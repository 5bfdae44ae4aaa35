"""One file per question. A new one is picked up by being here (`benchmarks.case`)."""
