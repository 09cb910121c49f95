//! The line to a server, encrypted or not, in the form in which the AMQP library takes one.
//!
//! The library's own TLS would bring a second set of cryptography with it (for PKCS#12), and can't be
//! told as precisely what to trust.

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_util::Stream;
use futures_util::future::BoxFuture;
use rustls::pki_types::ServerName;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

/// How long a server may take for TCP and TLS.
const PATIENCE: Duration = Duration::from_secs(10);

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Bytes to a server and back, for as long as somebody wants them: the library's thread waits for a
/// silent server for ever, so a line breaks when its owner is gone.
pub(super) struct Line {
    stream: Box<dyn Duplex>,
    /// Ends with the owner; `None` once it has.
    owner: Option<BoxFuture<'static, ()>>,
}

/// Kept for as long as the line is to hold.
pub(super) type Owner = watch::Sender<()>;

impl Line {
    /// Connects, and encrypts when there is a `tls`.
    pub async fn open(
        host: &str,
        port: u16,
        tls: Option<&TlsConnector>,
        mut owner: watch::Receiver<()>,
    ) -> io::Result<Self> {
        let opened = tokio::time::timeout(PATIENCE, open(host, port, tls)).await;
        Ok(Self {
            stream: opened.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??,
            owner: Some(Box::pin(async move {
                // Nothing is ever sent, so this is the sender's end.
                let _ = owner.changed().await;
            })),
        })
    }

    fn is_abandoned(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(owner) = &mut self.owner
            && owner.as_mut().poll(context).is_ready()
        {
            self.owner = None;
        }
        self.owner.is_none()
    }
}

async fn open(host: &str, port: u16, tls: Option<&TlsConnector>) -> io::Result<Box<dyn Duplex>> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return Ok(Box::new(stream));
    };
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(tls.connect(name, stream).await?))
}

impl futures_io::AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_abandoned(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let mut buffer = ReadBuf::new(bytes);
        Pin::new(&mut self.stream)
            .poll_read(context, &mut buffer)
            .map_ok(|()| buffer.filled().len())
    }
}

impl futures_io::AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The runtime that the library works on: ours, but for its lines.
pub(super) type BusRuntime = Runtime<RuntimeParts<Tokio, Lines>>;

/// The current runtime.
pub(super) fn runtime() -> BusRuntime {
    Runtime::new(RuntimeParts::new(Tokio::current(), Lines(Tokio::current())))
}

/// What the library knows of I/O and time.
#[derive(Clone, Debug)]
pub(super) struct Lines(Tokio);

impl Reactor for Lines {
    type TcpStream = Line;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl futures_io::AsyncRead + futures_io::AsyncWrite + Send + Unpin + 'static>
    {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Line>> + Send + 'static {
        plain(address)
    }
}

/// A line that nobody owns. The library asks for none, since it gets its lines ready-made.
async fn plain(address: SocketAddr) -> io::Result<Line> {
    Ok(Line {
        stream: Box::new(TcpStream::connect(address).await?),
        owner: Some(Box::pin(std::future::pending())),
    })
}
