//! An OpenLDAP server of a test's own.

use ldap3::{LdapConnAsync, Mod};
use std::collections::HashSet;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const SUFFIX: &str = "dc=example,dc=org";
pub const USERS: &str = "ou=Users,dc=example,dc=org";
pub const GROUPS: &str = "ou=UserGroups,dc=example,dc=org";
const ADMIN: &str = "cn=admin,dc=example,dc=org";
const ADMIN_PASSWORD: &str = "of the directory";

/// The tree that every test starts from: `alice` (enabled, with everything), `bob` (disabled), `carol`
/// (nothing but a name that needs escaping), `dave` (no name); the groups `crew` (alice, and a member who
/// is gone) and `others` (carol).
const TREE: &str = include_str!("tree.ldif");

const SCHEMA: &str = "\
attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'enabled' EQUALITY booleanMatch \
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.2 NAME 'accountControl' EQUALITY integerMatch \
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.3 NAME 'projectId' EQUALITY caseExactMatch \
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.4 NAME 'guid' EQUALITY octetStringMatch \
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'cloudAccount' SUP top AUXILIARY \
  MAY ( enabled $ accountControl $ projectId $ guid ) )
";

/// A running server; ends with the value.
pub struct Slapd {
    process: Child,
    port: u16,
    folder: TempDir,
    /// The scheme and host of its URL.
    base: &'static str,
}

impl Slapd {
    /// Starts one with the tree; `None` when the program is not there, which is a failure in CI.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts one with further lines in its configuration.
    pub fn start_with(options: &str) -> Option<Self> {
        Self::prepare(options, "ldap://127.0.0.1")
    }

    /// Starts one that speaks TLS only, or starts TLS; its certificate is for 127.0.0.1.
    pub fn start_tls(base: &'static str, files: &Path) -> Option<Self> {
        let path = |name: &str| files.join(name).display().to_string();
        let options = format!(
            "TLSCACertificateFile {}\nTLSCertificateFile {}\nTLSCertificateKeyFile {}\n",
            path("ca.pem"),
            path("cert.pem"),
            path("key.pem")
        );
        Self::prepare(&options, base)
    }

    fn prepare(options: &str, base: &'static str) -> Option<Self> {
        let Some(program) = find("slapd") else {
            assert!(std::env::var_os("CI").is_none(), "slapd is needed in CI");
            eprintln!("SKIPPED: no slapd: the LDAP driver was not tested");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("db")).expect("a folder");
        let schemas = ["core", "cosine", "inetorgperson", "nis"]
            .map(|name| format!("include /etc/ldap/schema/{name}.schema\n"));
        let modules = match Path::new("/usr/lib/ldap/back_mdb.so").exists() {
            true => "modulepath /usr/lib/ldap\nmoduleload back_mdb\n",
            false => "",
        };
        let config = format!(
            "{}{SCHEMA}{modules}{options}pidfile {}\ndatabase mdb\nmaxsize 16777216\n\
             suffix \"{SUFFIX}\"\nrootdn \"{ADMIN}\"\nrootpw \"{ADMIN_PASSWORD}\"\n\
             directory {}\naccess to attrs=userPassword by anonymous auth by * none\n\
             access to * by * read\n",
            schemas.concat(),
            path("pid").display(),
            path("db").display()
        );
        std::fs::write(path("slapd.conf"), config).expect("a file");
        std::fs::write(path("tree.ldif"), TREE).expect("a file");
        let loaded = Command::new(&program)
            .args(["-T", "add", "-q", "-f"])
            .arg(path("slapd.conf"))
            .arg("-l")
            .arg(path("tree.ldif"))
            .output()
            .expect("slapadd starts");
        assert!(loaded.status.success(), "{loaded:?}");
        let port = free_port();
        let process = run(&program, folder.path(), base, port);
        let server = Self {
            process,
            port,
            folder,
            base,
        };
        server.wait();
        Some(server)
    }

    pub fn url(&self) -> String {
        format!("{}:{}", self.base, self.port)
    }

    /// The options of a driver for it, bound as the directory's administrator.
    pub fn options(&self) -> String {
        format!(
            "url = {}\nsuffix = {SUFFIX}\nuser = {ADMIN}\npassword = {ADMIN_PASSWORD}\n\
             pool_connection_timeout = 5\npool_retry_max = 1\n",
            self.url()
        )
    }

    /// Adds an entry with the attributes `name: value`.
    pub async fn add(&self, dn: &str, attributes: &[(&str, &str)]) {
        let mut by_name: Vec<(Vec<u8>, HashSet<Vec<u8>>)> = Vec::new();
        for (name, value) in attributes {
            let name = name.as_bytes().to_vec();
            match by_name.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => drop(values.insert(value.as_bytes().to_vec())),
                None => by_name.push((name, HashSet::from([value.as_bytes().to_vec()]))),
            }
        }
        let mut ldap = self.bound().await;
        let added = ldap.add(dn, by_name).await.expect("an answer");
        added.success().expect("a new entry");
    }

    /// Gives an attribute these values and no others.
    pub async fn set(&self, dn: &str, attribute: &str, values: &[&[u8]]) {
        let values = values.iter().map(|value| value.to_vec()).collect();
        let change = Mod::Replace(attribute.as_bytes().to_vec(), values);
        let mut ldap = self.bound().await;
        let done = ldap.modify(dn, vec![change]).await.expect("an answer");
        done.success().expect("a change");
    }

    pub async fn delete(&self, dn: &str) {
        let mut ldap = self.bound().await;
        let done = ldap.delete(dn).await.expect("an answer");
        done.success().expect("one entry less");
    }

    async fn bound(&self) -> ldap3::Ldap {
        let (connection, mut ldap) = LdapConnAsync::new(&self.url()).await.expect("slapd");
        tokio::spawn(async move { connection.drive().await.expect("a connection") });
        let bound = ldap.simple_bind(ADMIN, ADMIN_PASSWORD).await;
        bound
            .expect("an answer")
            .success()
            .expect("the administrator");
        ldap
    }

    pub fn stop(&mut self) {
        self.process.kill().expect("a running slapd");
        self.process.wait().expect("a child");
    }

    /// Starts it on the same port, with the tree as it was left.
    pub fn start_again(&mut self) {
        let program = find("slapd").expect("slapd");
        self.process = run(&program, self.folder.path(), self.base, self.port);
        self.wait();
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "slapd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn run(program: &Path, folder: &Path, base: &str, port: u16) -> Child {
    // With a debug level, even none, it stays in the foreground.
    Command::new(program)
        .args(["-d", "0", "-h", &format!("{base}:{port}"), "-f"])
        .arg(folder.join("slapd.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("slapd starts")
}

/// Debian has it where only root looks.
fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/libexec".into()])
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
