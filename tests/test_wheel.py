"""The built wheel, installed outside the checkout, makes a workspace that runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def installed(root, tmp_path_factory):
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(root),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    return site


def run(site, folder, *arguments):
    code = "import sys; from aftershock.cli import main; sys.argv = ['aftershock', *sys.argv[1:]]; main()"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_init_from_the_wheel_makes_a_workspace_that_runs(installed, tmp_path):
    where = subprocess.run(
        [sys.executable, "-c", "import aftershock; print(aftershock.__file__)"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    made = run(installed, tmp_path, "init", "mine")
    assert made.returncode == 0, made.stderr
    done = run(installed, tmp_path / "mine", "run")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine" / done.stdout.strip().splitlines()[-1]).is_file()


def test_the_wheel_carries_types_licence_and_no_tests(installed):
    names = {path.relative_to(installed).parts[0] for path in installed.iterdir()}
    assert "tests" not in names
    assert (installed / "aftershock" / "py.typed").is_file()
    assert list(installed.glob("aftershock-*.dist-info/licenses/LICENSE"))
    assert (installed / "aftershock" / "prices" / "published.csv").is_file()
