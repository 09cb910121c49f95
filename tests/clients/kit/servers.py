"""Starting and stopping servers: this one, and Python Keystone under uwsgi."""

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

from . import venv
from .http import call

HOST = "127.0.0.1"


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def binary(name="keystone"):
    """The built binary: $KEYSTONE_BIN_DIR, else release, else debug, whichever is newer."""
    named = os.environ.get("KEYSTONE_BIN_DIR")
    places = [Path(named)] if named else [venv.target_dir() / p for p in ("release", "debug")]
    built = [p / name for p in places if (p / name).exists()]
    if not built:
        raise SystemExit(f"no `{name}` binary: run `cargo build --release` first")
    return max(built, key=lambda p: p.stat().st_mtime)


class Process:
    """A child that is asked to stop by SIGTERM and made to by SIGKILL, by its own pid."""

    def __init__(self, command, log, env=None, cwd=None, stop_signal=signal.SIGTERM):
        self.log = Path(log)
        self.stop_signal = stop_signal
        with self.log.open("ab") as out:
            self.child = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out,
                                          stdin=subprocess.DEVNULL, env=env, cwd=cwd)

    def wait_ready(self, url, seconds=60):
        """Waits until `url` answers 200."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                break
            try:
                if call("GET", url, timeout=5).status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
        self.stop()
        raise RuntimeError(f"no 200 from {url}; the server's last words:\n{tail}")

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(self.stop_signal)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode

    def processor_seconds(self):
        """Processor time that the process has used, without its children."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self):
        """Resident memory of the process and of its children, in KiB."""
        tables = {}
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                fields = dict(line.split(":", 1) for line in status.read_text().splitlines()
                              if line.startswith(("PPid", "VmRSS")))
            except OSError:
                continue
            tables[int(status.parent.name)] = (int(fields["PPid"]),
                                               int(fields.get("VmRSS", "0").split()[0]))
        family = {self.child.pid}
        while True:
            more = {pid for pid, (parent, _) in tables.items() if parent in family} - family
            if not more:
                return sum(tables[pid][1] for pid in family if pid in tables)
            family |= more


class Database:
    """A database of its own for one run. `url` is what [database] connection takes."""

    def __init__(self, kind, folder):
        self.kind, self.name = kind, f"keystone_clients_{uuid.uuid4().hex[:8]}"
        self.path = Path(folder) / "keystone.db"
        self.postgres_user = os.environ.get("PGUSER", "postgres")
        if kind == "sqlite":
            self.url = f"sqlite:///{self.path}"
        elif kind == "postgres":
            self.url = f"postgresql+psycopg2://{self.postgres_user}@{HOST}/{self.name}"
        elif kind == "mysql":
            self.url = f"mysql+pymysql://root@{HOST}/{self.name}?charset=utf8"
        else:
            raise SystemExit(f"unknown database kind {kind}")

    def create(self):
        self._admin(f"CREATE DATABASE {self.name}")

    def drop(self):
        if self.kind == "sqlite":
            self.path.unlink(missing_ok=True)
        else:
            self._admin(f"DROP DATABASE IF EXISTS {self.name}")

    def _admin(self, statement):
        if self.kind == "postgres":
            command = ["psql", "-q", "-h", HOST, "-U", self.postgres_user,
                       "-d", "postgres", "-c", statement]
        elif self.kind == "mysql":
            command = ["mysql", "-h", HOST, "-P", "3306", "-u", "root", "-e", statement]
        else:
            return
        subprocess.run(command, check=True)


class Site:
    """What two servers can share: a database, key repositories and one configuration file."""

    def __init__(self, folder, database="sqlite", password="site-admin-password", options=""):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.password = password
        self.database = Database(database, self.folder)
        self.config = self.folder / "keystone.conf"
        self.config.write_text(
            f"[database]\nconnection = {self.database.url}\n"
            f"[fernet_tokens]\nkey_repository = {self.folder}/fernet-keys\n"
            f"[fernet_receipts]\nkey_repository = {self.folder}/fernet-keys\n"
            f"[credential]\nkey_repository = {self.folder}/credential-keys\n{options}")
        # Another server may write behind this one's back, so it must not remember. Python's
        # default remembers within one request only, and crawls without that.
        self.no_cache = self.folder / "no-cache.conf"
        self.no_cache.write_text("[cache]\nenabled = false\n")

    def prepare(self, implementation, url):
        """Empty database to a bootstrapped cloud, by one implementation's operator commands."""
        self.database.create()
        owner = ["--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())]
        manage = implementation.manage
        manage(self, "db_sync")
        manage(self, "fernet_setup", *owner)
        manage(self, "credential_setup", *owner)
        manage(self, "bootstrap", "--bootstrap-password", self.password,
               "--bootstrap-public-url", f"{url}/v3", "--bootstrap-internal-url", f"{url}/v3",
               "--bootstrap-admin-url", f"{url}/v3", "--bootstrap-region-id", "RegionOne")

    def remove(self):
        self.database.drop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Rust:
    """This Keystone."""

    name = "rust"

    def manage(self, site, *words):
        run([binary("keystone-manage"), "--config-file", site.config, *words], site)

    def start(self, site, port=None, remember=False):
        port = port or free_port()
        configuration = ["--config-file", site.config]
        if not remember:
            configuration += ["--config-file", site.no_cache]
        server = Process([binary(), *configuration, "--bind", f"{HOST}:{port}",
                          "--admin-bind", "none"], site.folder / f"{self.name}-{port}.log")
        server.base = f"http://{HOST}:{port}"
        server.wait_ready(f"{server.base}/v3")
        return server


class Python:
    """Python Keystone 30.0.0."""

    name = "python"

    def __init__(self, processes=1):
        self.bin = venv.python_keystone().parent
        self.processes = processes

    def manage(self, site, *words):
        run([self.bin / "keystone-manage", "--config-file", site.config, *words], site)

    def start(self, site, port=None, cache=False):
        """`cache` adds the file `site.cache`, which turns Python's own cache on."""
        port = port or free_port()
        files = [site.config, site.cache] if cache else [site.config]
        env = dict(os.environ, OS_KEYSTONE_CONFIG_FILES=";".join(map(str, files)))
        # A request's body that the application leaves unread must not break the next request
        # on the same connection, hence --post-buffering.
        server = Process([self.bin / "uwsgi", "--http11-socket", f"{HOST}:{port}", "--master",
                          "--die-on-term", "--processes", str(self.processes), "--lazy-apps",
                          "--need-app", "--disable-logging", "--listen", "128",
                          "--post-buffering", "65536", "--buffer-size", "65535",
                          "--module", "keystone.wsgi.api:application"],
                         site.folder / f"{self.name}-{port}.log", env=env)
        server.base = f"http://{HOST}:{port}"
        server.wait_ready(f"{server.base}/v3")
        return server


def implementation(name, **options):
    return {"rust": Rust, "python": Python}[name](**options)


def run(command, site):
    """An operator command; its output goes to the site's log, and is shown when it fails."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, cwd=site.folder)
    with (site.folder / "manage.log").open("a") as log:
        log.write(f"$ {' '.join(map(str, command))}\n{done.stdout}\n")
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode} from {command}:\n{done.stdout[-2000:]}")
