"""A Spark cluster of a master and a worker on this machine, as `spark://host:port` names it; `make soak` runs this."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pyspark
import pytest
from evidence import Evidence

CLASS = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
HERE = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


@contextmanager
def deployed(name, says, options):
    """A part of the cluster, from when its log says that it is there; yields what the log said."""
    command = [CLASS, f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", "--webui-port", "0", *options]
    with subprocess.Popen(command, env=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            found = next((match for line in process.stderr if (match := re.search(says, line))), None)
            assert found is not None, f"{name} did not start"
            Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop it
            yield found[0]
        finally:
            process.kill()


@pytest.fixture
def master(tmp_path):
    """The address of a master that has one worker."""
    quiet = tmp_path / "log4j2.properties"
    quiet.write_text(
        "rootLogger.level = info\nrootLogger.appenderRef.console.ref = console\nappender.console.type = Console\n"
        "appender.console.name = console\nappender.console.target = SYSTEM_ERR\n"
        "appender.console.layout.type = PatternLayout\nappender.console.layout.pattern = %m%n\n"
    )
    HERE["SPARK_DAEMON_JAVA_OPTS"] = f"-Dlog4j2.configurationFile={quiet.as_uri()}"
    with ExitStack() as cluster:
        address = cluster.enter_context(deployed("master.Master", r"spark://127\.0\.0\.1:\d+", ["--port", "0"]))
        work = ["--cores", "1", "--memory", "1g", "--work-dir", str(tmp_path / "work"), address]
        cluster.enter_context(deployed("worker.Worker", "Successfully registered", work))
        yield address


@pytest.mark.soak
def test_a_cluster_reads_and_answers_as_this_machine_does(master, tmp_path):
    """The worker reads the evidence into the cache that all see, and the report is the same but for its time."""
    evidence = Evidence(tmp_path, count=150)
    evidence.messages[3].lose("segment")
    given = [f"--{name}={path}" for name, path in evidence.paths().items()]
    reports = []
    for options in (["--engine", master, "--cache", str(tmp_path / "cache")], ["--no-cache"]):
        command = [str(Path(sys.executable).with_name("pipelines-client")), "parity", "--no-history", *given]
        done = subprocess.run(
            [*command, *options, "--format", "json"], capture_output=True, text=True, check=False, env=HERE
        )
        assert done.returncode == 1, done.stderr
        reports.append({**json.loads(done.stdout), "generated_at": None})
    assert reports[0] == reports[1]
    assert len(list((tmp_path / "cache").glob("*/*/pack.json"))) == 3
