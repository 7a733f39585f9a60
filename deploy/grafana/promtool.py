"""The program promtool: the machine's own, or that of Debian's package `prometheus`, in the user's cache."""

import functools
import os
import pathlib
import shutil
import subprocess
import tempfile


@functools.cache
def promtool():
    """Its file; None where it cannot be had."""
    return shutil.which("promtool") or debian()


def debian():
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster"
    program = cache / "promtool"
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # Taken out of the package: installed it would be a server that runs. Beside its place, to be moved there at once.
        with tempfile.TemporaryDirectory(dir=cache, prefix="promtool-") as place:
            if not (downloaded(place) or (updated() and downloaded(place))):
                return None
            package = next(pathlib.Path(place).glob("prometheus_*.deb"))
            subprocess.run(["dpkg-deb", "--extract", package, place], check=True)
            (pathlib.Path(place) / "usr/bin/promtool").rename(program)
    return str(program)


def downloaded(place):
    return subprocess.run(["apt-get", "download", "prometheus"], cwd=place, capture_output=True).returncode == 0


def updated():
    return os.geteuid() == 0 and subprocess.run(["apt-get", "update"], capture_output=True).returncode == 0
