"""The tests of upstream's own suite that do not apply to this package, each with the reason."""

NOT_APPLICABLE = {
    "test_user_defined_upload_size": "patches upstream's consumer.post; see test_sender.py on upload_size",
    "test_proxies": "patches upstream's requests session; see test_http.py on proxies",
}
