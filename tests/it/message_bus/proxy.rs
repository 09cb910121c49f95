//! What stands between a client and a server, and can fail.

use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Passes connections on to a server. Ends with the value.
pub struct Proxy {
    pub address: SocketAddr,
    task: AbortHandle,
}

impl Proxy {
    pub async fn start(server: &str) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), server, None).await
    }

    pub async fn start_at(address: SocketAddr, server: &str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = server.to_owned();
        let task = tokio::spawn(async move {
            // They end with the task.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (server, tls) = (server.clone(), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => pass_on(client, &server).await,
                        Some(tls) => {
                            if let Ok(client) = tls.accept(client).await {
                                pass_on(client, &server).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            task: task.abort_handle(),
        }
    }

    /// Takes connections and says nothing.
    pub async fn silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((client, _)) = listener.accept().await {
                kept.push(client);
            }
        });
        Self {
            address,
            task: task.abort_handle(),
        }
    }

    /// Breaks all connections and takes no more.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn pass_on(mut client: impl AsyncRead + AsyncWrite + Unpin, server: &str) {
    if let Ok(mut server) = TcpStream::connect(server).await {
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

/// Certificates of a new authority: of a server at 127.0.0.1, and of a client.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        crate::token_store::write_certificates(folder.path());
        Self { folder }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A server's side of TLS. `asks_clients`: it wants a certificate of theirs, too.
    pub fn acceptor(&self, asks_clients: bool) -> TlsAcceptor {
        use rustls::pki_types::pem::PemObject as _;
        let read = |name: &str| {
            rustls::pki_types::CertificateDer::pem_file_iter(self.file(name))
                .expect("a file")
                .collect::<Result<Vec<_>, _>>()
                .expect("certificates")
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions");
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(read("ca.pem"));
        let builder = if asks_clients {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_file(self.file("key.pem")).expect("a key");
        let config = builder.with_single_cert(read("cert.pem"), key);
        TlsAcceptor::from(Arc::new(config.expect("a certificate and its key")))
    }
}

/// The text of a path.
pub fn text(path: &Path) -> String {
    path.display().to_string()
}
