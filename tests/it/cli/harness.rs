//! The built programs in folders of their own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that is the home of the programs under test.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a writable folder");
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A `keystone.conf` for a database, with keys in this folder.
    pub fn config(&self, connection: &str, more: &str) -> PathBuf {
        let keys = self.path("keys").display().to_string();
        let text = format!(
            "[database]\nconnection = {connection}\n\
             [fernet_tokens]\nkey_repository = {keys}\n[fernet_receipts]\nkey_repository = {keys}\n\
             [credential]\nkey_repository = {keys}-of-credentials\n{more}\n"
        );
        self.write("keystone.conf", &text)
    }

    /// `keystone` with nothing of the caller's environment.
    pub fn keystone(&self) -> Command {
        self.program(env!("CARGO_BIN_EXE_keystone"))
    }

    /// `keystone-manage` with the folder's `keystone.conf`.
    pub fn manage(&self, words: &[&str]) -> Output {
        self.manage_command(words)
            .output()
            .expect("keystone-manage starts")
    }

    pub fn manage_command(&self, words: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_keystone-manage"));
        command
            .arg("--config-file")
            .arg(self.path("keystone.conf"))
            .args(words);
        command
    }

    /// A command about keys, which root may only give with an owner.
    pub fn manage_keys(&self, name: &str) -> Output {
        let owner = std::fs::metadata(self.folder.path()).expect("the folder");
        let (user, group) = (owner.uid().to_string(), owner.gid().to_string());
        self.manage(&[name, "--keystone-user", &user, "--keystone-group", &group])
    }

    /// As [`manage_keys`](Self::manage_keys) with one more word.
    pub fn manage_keys_with(&self, name: &str, word: &str) -> Output {
        let owner = std::fs::metadata(self.folder.path()).expect("the folder");
        let (user, group) = (owner.uid().to_string(), owner.gid().to_string());
        self.manage(&[
            name,
            "--keystone-user",
            &user,
            "--keystone-group",
            &group,
            word,
        ])
    }

    pub fn program(&self, path: &str) -> Command {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    /// Starts a server on a port of its own.
    pub fn serve(&self, words: &[&str]) -> Server {
        self.serve_by(self.keystone(), words)
    }

    /// Starts a server by a command that has no words yet.
    pub fn serve_by(&self, mut keystone: Command, words: &[&str]) -> Server {
        // Several servers may share a home.
        let mut names = (0..).map(|number| self.path(&format!("log-{number}")));
        let log = names.find(|path| !path.exists()).expect("a free name");
        let errors = std::fs::File::create(&log).expect("a log");
        let out = std::fs::File::create(self.path("stdout")).expect("a file for the output");
        let child = keystone
            .args(["--bind", "127.0.0.1:0", "--admin-bind", "none"])
            .args(words)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .expect("keystone starts");
        let mut server = Server {
            child,
            log,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        server.address = server.wait_for_address();
        server
    }

    /// Starts a server from nothing in the folder `state`.
    pub fn serve_state(&self) -> Server {
        let state = self.path("state").display().to_string();
        self.serve(&["--state-dir", &state])
    }

    /// What `openrc` of the folder `state` gives a variable.
    pub fn openrc(&self, variable: &str) -> String {
        let openrc = self.read("state/openrc");
        let line = openrc.lines().find_map(|line| {
            line.strip_prefix("export ")?
                .strip_prefix(variable)?
                .strip_prefix('=')
        });
        line.expect("the variable").trim_matches('\'').to_owned()
    }
}

/// A running server; killed with the value unless it ended before.
pub struct Server {
    child: Child,
    log: PathBuf,
    pub address: SocketAddr,
}

impl Server {
    fn wait_for_address(&mut self) -> SocketAddr {
        const LINE: &str = "serving the public API on ";
        let log = eventually("the server to start", || {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            if let Some(status) = self.child.try_wait().expect("a child") {
                panic!("the server ended with {status}: {log}");
            }
            let line = log.lines().find(|line| line.contains(LINE))?.to_owned();
            log.ends_with('\n').then_some(line)
        });
        let text = log.split(LINE).nth(1).expect("an address");
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
        text[..end.unwrap_or(text.len())]
            .parse()
            .expect("an address")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }

    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        eventually(&format!("{text:?} in the log"), || {
            self.log().contains(text).then_some(())
        });
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.expect("kill runs").success());
    }

    /// How the server ended; it must have been told to.
    pub fn ended(&mut self) -> ExitStatus {
        eventually("the server to end", || {
            self.child.try_wait().expect("a child")
        })
    }

    /// Asks over a connection of its own.
    pub fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        );
        stream
            .write_all(request.as_bytes())
            .expect("the server reads");
        Answer::read(stream)
    }

    pub fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let header = token.map(|token| format!("X-Auth-Token: {token}\r\n"));
        self.request("GET", path, &header.unwrap_or_default(), "")
    }

    /// A token of a user of the default domain for the project `admin`.
    pub fn login(&self, name: &str, password: &str) -> Answer {
        self.request(
            "POST",
            "/v3/auth/tokens",
            "",
            &login(name, password).to_string(),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of a login for the project `admin`.
pub fn login(name: &str, password: &str) -> Value {
    let user = json!({ "name": name, "password": password, "domain": { "id": "default" } });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    let scope = json!({ "project": { "name": "admin", "domain": { "id": "default" } } });
    json!({ "auth": { "identity": identity, "scope": scope } })
}

/// An answer as it came over the wire.
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    pub fn read(mut stream: TcpStream) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        let status = text
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Self {
            status: status.unwrap_or_else(|| panic!("no status: {text:?}")),
            text,
        }
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> &str {
        let head = self.text.split("\r\n\r\n").next().expect("a head");
        let prefix = format!("{name}: ");
        let value = head.lines().find_map(|line| line.strip_prefix(&*prefix));
        value.unwrap_or_else(|| panic!("no {name}: {head}"))
    }

    pub fn json(&self) -> Value {
        let body = self.text.split_once("\r\n\r\n").expect("a body").1;
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }
}

/// What `look` finds once it finds something.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    std::fs::metadata(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .mode()
        & 0o777
}

/// Everything that a program wrote.
pub fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}
