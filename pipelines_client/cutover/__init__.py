"""From stage to stage: what stands in the way of the next one, whether the way back is safe, and who decided what.

`gates` decides and is pure; `overview` gathers what it decides on; `change` is the only one that writes, the stage file
and the journal beside it. `pipelines-client cutover` is a skin over these.
"""
