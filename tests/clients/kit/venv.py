"""Virtual environments, made once per content of a requirements file."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent


def target_dir():
    """Cargo's target directory: whatever is built or downloaded belongs below it."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def ensure(requirements, override, default_name):
    """Returns the Python of an environment that holds `requirements`.

    `override` names the variable that moves it: a directory where it is made, or an existing
    environment, which is used as it is when it was not made here.
    """
    home = Path(os.environ.get(override, target_dir() / default_name)).absolute()
    python = home / "bin" / "python"
    wanted = hashlib.sha256((HERE / requirements).read_bytes()).hexdigest()
    stamp = home / "requirements.sha256"
    if python.exists() and (not (home / "made-by-tests-clients").exists()
                            or (stamp.exists() and stamp.read_text() == wanted)):
        return python
    print(f"preparing {home} from {requirements}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
    (home / "made-by-tests-clients").touch()
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    "-r", HERE / requirements], check=True)
    stamp.write_text(wanted)
    return python


def clients():
    """Python with openstackclient, keystoneauth and keystonemiddleware."""
    return ensure("requirements.txt", "KEYSTONE_CLIENT_VENV", "client-venv")


def python_keystone():
    """Python with Keystone 30.0.0, uwsgi and the database drivers."""
    return ensure("requirements-keystone.txt", "KEYSTONE_PYTHON_VENV", "python-keystone-venv")


def old_clients():
    """Python with the last clients that speak v2.0."""
    return ensure("requirements-old.txt", "KEYSTONE_OLD_CLIENT_VENV", "old-client-venv")
