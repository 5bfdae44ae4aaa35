"""pyarrow in a command of ours does without numpy, and the process may still import numpy itself."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from pipelines_client.evidence.files.arrow import load_without_numpy
load_without_numpy()
import pyarrow.parquet
assert "numpy" not in sys.modules
from pipelines_client.evidence.files.arrow import compute
assert compute("take", pyarrow.array([1, 2]), pyarrow.array([1])).to_pylist() == [2]
assert "numpy" not in sys.modules
assert "pyarrow.compute" not in sys.modules
import numpy
assert pyarrow.array([1, None, 3]).to_pylist() == [1, None, 3]
"""


def test_pyarrow_is_loaded_without_numpy() -> None:
    """Numpy is hidden during that import only."""
    subprocess.run([sys.executable, "-c", CODE], check=True)


def test_a_process_that_has_numpy_keeps_pyarrow_as_it_is() -> None:
    """An application may convert from one to the other."""
    code = CODE.replace("import sys\n", "import sys, numpy\n").replace('"numpy" not in', '"numpy" in')
    subprocess.run([sys.executable, "-c", f"{code}assert len(pyarrow.array([1, 2]).to_numpy()) == 2"], check=True)
