"""Modules of the package without a test file of their name, and the test file that tests each."""

TESTED_IN: dict[str, str] = {
    "client/calls.py": "client/test_client.py",
    "client/upstream.py": "client/test_client.py",
    "keywords.py": "typing/test_typing.py",
    "testing.py": "sandbox/test_server.py",
    "destinations/answers.py": "destinations/test_base.py",
    "destinations/customerio.py": "destinations/test_base.py",
    "destinations/proxies.py": "delivery/sending/test_http.py",
    "destinations/segment.py": "destinations/test_base.py",
    "sides.py": "destinations/test_registry.py",
}
