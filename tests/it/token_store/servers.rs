//! The servers that drivers need.

use keystone::driver::token_store::memcached::MemcachedTokenStore;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use std::io::Read;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What is missing is skipped with a loud word at home, and fails in CI.
fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is needed in CI");
    eprintln!("SKIPPED: {what}: its token store was not tested");
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The URL of the machine's Redis, or of the one that `KEYSTONE_TEST_REDIS` names.
pub async fn redis_url() -> Option<String> {
    let url = std::env::var("KEYSTONE_TEST_REDIS");
    let url = url.unwrap_or_else(|_| "redis://127.0.0.1:6379/".to_owned());
    let client = redis::Client::open(url.as_str()).expect("KEYSTONE_TEST_REDIS is a URL");
    match client.get_multiplexed_async_connection().await {
        Ok(_) => Some(url),
        Err(error) => {
            missing(&format!("no Redis at {url} ({error})"));
            None
        }
    }
}

/// A memcached of a test's own; ends with the value.
pub struct Memcached {
    process: Child,
    port: u16,
}

impl Memcached {
    /// Starts one; `None` when the program is not there.
    pub fn start() -> Option<Self> {
        let port = free_port();
        match run(port) {
            Ok(process) => {
                wait_for(port);
                Some(Self { process, port })
            }
            Err(error) => {
                missing(&format!("no memcached ({error})"));
                None
            }
        }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn store(&self, timeout: Duration) -> MemcachedTokenStore {
        MemcachedTokenStore::new(&[self.address()], timeout, 0, 4).expect("an address")
    }

    pub fn stop(&mut self) {
        let _ = self.process.kill();
        self.process.wait().expect("a child");
    }

    /// Starts it on the same port.
    pub fn start_again(&mut self) {
        self.process = run(self.port).expect("memcached starts");
        wait_for(self.port);
    }
}

impl Drop for Memcached {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(port: u16) -> std::io::Result<Child> {
    let port = port.to_string();
    Command::new("memcached")
        .args(["-l", "127.0.0.1", "-p", &port, "-U", "0", "-u", "nobody"])
        .args(["-m", "64", "-t", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn wait_for(port: u16) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "memcached does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A Redis of a test's own that speaks TLS only; ends with the value.
pub struct TlsRedis {
    process: Child,
    port: u16,
    files: tempfile::TempDir,
}

impl TlsRedis {
    /// Starts one with a certificate of a new authority. `asks_clients`: it wants one of theirs, too.
    pub fn start(asks_clients: bool) -> Self {
        let files = tempfile::tempdir().expect("a folder");
        write_certificates(files.path());
        let port = free_port();
        let path = |name: &str| files.path().join(name).display().to_string();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", "0", "--save", ""])
            .args(["--tls-port", &port.to_string()])
            .args([
                "--tls-cert-file",
                &path("cert.pem"),
                "--tls-key-file",
                &path("key.pem"),
            ])
            .args(["--tls-ca-cert-file", &path("ca.pem"), "--tls-auth-clients"])
            .arg(if asks_clients { "yes" } else { "no" })
            .current_dir(files.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        wait_for(port);
        Self {
            process,
            port,
            files,
        }
    }

    pub fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}/", self.port)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }
}

impl Drop for TlsRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `ca.pem`, and `cert.pem` with `key.pem` for this machine, which the authority signed.
pub fn write_certificates(folder: &Path) {
    let ca_key = KeyPair::generate().expect("a key");
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of another name than what it signs, which would pass for self-signed.
    ca.distinguished_name = DistinguishedName::new();
    ca.distinguished_name
        .push(DnType::CommonName, "the authority");
    let ca_certificate = ca.self_signed(&ca_key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).expect("a name");
    let issuer = Issuer::from_params(&ca, &ca_key);
    let certificate = certificate.signed_by(&key, &issuer).expect("a certificate");
    for (name, text) in [
        ("ca.pem", ca_certificate.pem()),
        ("cert.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

/// Passes connections on to a server, until a test cuts them.
pub struct Proxy {
    address: SocketAddr,
    open: Arc<Mutex<Vec<TcpStream>>>,
    messages: Arc<AtomicUsize>,
}

/// Counts what comes in one piece.
struct Counted<R> {
    stream: R,
    pieces: Arc<AtomicUsize>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.pieces.fetch_add(1, Ordering::SeqCst);
        Ok(read)
    }
}

impl Proxy {
    pub fn to(url: &str) -> Self {
        let url = url::Url::parse(url).expect("a URL");
        let host = url.host_str().expect("a host").to_owned();
        let server = (host, url.port().unwrap_or(6379));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let open = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&open);
        let messages = Arc::new(AtomicUsize::new(0));
        let pieces = Arc::clone(&messages);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&server).expect("the server");
                let clone = |stream: &TcpStream| stream.try_clone().expect("a stream");
                let (mut answers, mut to_client) = (clone(&server), clone(&client));
                let mut to_server = clone(&server);
                let mut requests = Counted {
                    stream: clone(&client),
                    pieces: Arc::clone(&pieces),
                };
                std::thread::spawn(move || std::io::copy(&mut requests, &mut to_server));
                std::thread::spawn(move || std::io::copy(&mut answers, &mut to_client));
                known.lock().expect("no panic").extend([client, server]);
            }
        });
        Self {
            address,
            open,
            messages,
        }
    }

    /// How many messages clients have sent.
    pub fn messages(&self) -> usize {
        self.messages.load(Ordering::SeqCst)
    }

    pub fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// Ends all connections.
    pub fn cut(&self) {
        for stream in self.open.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
