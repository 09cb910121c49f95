//! Listeners: accept, serve, and stop without dropping what is in flight.

use crate::api::edge::{Edge, Peer};
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How a listener behaves.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// A client must have sent its head by then.
    pub header_read_timeout: Duration,
    /// Requests in flight get so long after the signal to stop.
    pub shutdown_timeout: Duration,
}

/// Serves connections until `stop` turns true, then drains.
pub async fn serve(
    listener: TcpListener,
    edge: Edge,
    options: ServeOptions,
    mut stop: watch::Receiver<bool>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_read_timeout);
    builder.http2().timer(TokioTimer::new());
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors and the like: give others time to close theirs.
                    tracing::warn!(%error, "can't accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = told(&mut stop) => break,
        };
        // Answers are small: waiting to fill a segment only costs time.
        let _ = stream.set_nodelay(true);
        let edge = edge.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let edge = edge.clone();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer.ip()));
            async move { Ok::<_, Infallible>(edge.handle(request).await) }
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                // Clients that go away are everyday business.
                tracing::debug!(%peer, %error, "a connection ended badly");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(options.shutdown_timeout, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not end in time and are cut off");
    }
}

/// Waits until the value turns true, or nobody can turn it any more.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
