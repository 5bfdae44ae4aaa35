"""Names that a package imports when they are first used."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PACKAGES = ("pipelines_client", "pipelines_client.effects", "pipelines_client.history", "pipelines_client.parity")


@pytest.mark.parametrize("package", PACKAGES)
def test_each_name_of_a_package_is_there_and_is_not_also_the_name_of_a_module(package: str) -> None:
    """Importing a module of that name would put the module in the place of what the package offers."""
    module = importlib.import_module(package)
    for name in module.__all__:
        assert hasattr(module, name)
        assert importlib.util.find_spec(f"{package}.{name}") is None


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_a_package_does_not_have_is_an_error_as_in_any_module(package: str) -> None:
    """It says which module, so that a misspelt import is found."""
    module = importlib.import_module(package)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'") as caught:
        _ = module.nothing
    assert (caught.value.name, caught.value.obj) == ("nothing", module)


def test_a_name_is_imported_when_it_is_used_first() -> None:
    """Not with its package, and without the other names."""
    code = (
        "import sys, pipelines_client.effects as effects\n"
        "assert not {name for name in sys.modules if name.startswith('pipelines_client.effects.')}\n"
        "first = effects.Action\n"
        "assert 'pipelines_client.effects.report' not in sys.modules\n"
        "assert vars(effects)['Action'] is first"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
