"""Modules of upstream that old code imports: `pipelines_client.request` for `segment.analytics.request`, and so on.

The package's search path includes this folder. What has no meaning here fails where it is used, with a cure.
"""
