"""Builds the native reader into a wheel where there is a Rust compiler; without one the wheel is pure Python."""

from __future__ import annotations

import runpy
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's is generic in its configuration
    """Makes one wheel for all Pythons: the library is called through its C interface."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and name the platform in the wheel if there is a library."""
        del version
        builder = runpy.run_path(str(Path(self.root, "build_native.py")))
        if not builder["build"]():
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform}"
