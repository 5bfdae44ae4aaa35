from benchmarks.profiling import read_stacks, summarise

LINES = [
    "main (benchmarks/child.py:96);deliver (benchmarks/workloads.py:40);Client.track (analytics/client.py:9) 6",
    "main (benchmarks/child.py:96);deliver (benchmarks/workloads.py:41) 1",
    "Thread.run (threading.py:9);Sender._run (pipelines_client/delivery/sending/sender.py:5);recv (socket.py:7) 3",
    "main (benchmarks/child.py:90);import_module (importlib/__init__.py:126) 50",
]


def test_a_profile_counts_calls_and_senders_and_no_imports() -> None:
    """Shares are of what lies between the first call and the last delivery."""
    text = summarise(read_stacks(LINES), title="try")
    assert text.startswith("try: 10 samples\n")
    assert "  70.0 %  the application's thread" in text
    assert "  30.0 %  the senders" in text
    assert "importlib" not in text


def test_a_function_is_named_without_its_line_and_counted_alone_and_with_what_it_calls() -> None:
    """So that all lines of one function are one row."""
    _, alone, within = (part.splitlines() for part in summarise(read_stacks(LINES), title="try").split("\n\n")[1:])
    assert "  60.0 %  Client.track (analytics/client.py)" in alone
    assert "  10.0 %  deliver (benchmarks/workloads.py)" in alone
    assert "  70.0 %  deliver (benchmarks/workloads.py)" in within


def test_a_profile_of_parity_counts_the_report_and_the_threads_that_open_pairs() -> None:
    """And no imports, of which both have many."""
    text = summarise(
        read_stacks(
            [
                "<module> (<string>:6);run_parity (pipelines_client/parity/run.py:9);do (parity/normalise.py:8) 3",
                "_worker (thread.py:7);_lines.<locals>.read (pipelines_client/parity/differences/reopen.py:3) 1",
                "<module> (<string>:4);_find_and_load (<frozen importlib._bootstrap>:1176) 50",
            ]
        ),
        title="try",
    )
    assert text.startswith("try: 4 samples\n")
    assert "  75.0 %  the report's thread" in text
    assert "  25.0 %  the threads that open pairs" in text
