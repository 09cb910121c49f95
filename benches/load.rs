//! The load driver: one HTTP/1.1 load generator and the two yardsticks that it is held against.
//!
//! `benches/load/run` starts servers, fills them and calls this program:
//!
//! - `drive` sends prepared requests over kept-alive connections and prints a JSON object with
//!   requests per second and latencies in microseconds;
//! - `bare` serves one axum route that answers with a given number of bytes;
//! - `hash` prints how many Argon2id hashes per second the machine makes with nothing in between.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use bytes::Bytes;
use clap::{Parser, Subcommand};
use keystone::crypto::password::{self, Algorithm, HashParameters};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The server's allocator: hashing with another one spends its time on page faults, and a yardstick
/// must not be slower than what it measures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Load driver; see benches/load/run")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// What `cargo bench` passes to every bench; there is nothing to do without a server.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Send requests and measure.
    Drive {
        /// Address of the server, as in 127.0.0.1:5000.
        address: String,
        /// File of whole HTTP requests, each ended by a NUL byte; they are sent in turn.
        requests: PathBuf,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// Length of the measurement.
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
        /// Unmeasured time before it.
        #[arg(long, default_value_t = 1.0)]
        warm_up: f64,
        /// Send each request once and measure until the last answer; for what is different the second
        /// time.
        #[arg(long)]
        once: bool,
        /// A connection for every request, for servers whose workers a kept one would occupy.
        #[arg(long)]
        reconnect: bool,
    },
    /// Serve one route on 127.0.0.1 until killed.
    Bare {
        port: u16,
        /// Size of the body in bytes.
        bytes: usize,
    },
    /// Hash passwords on some threads for some seconds.
    Hash {
        threads: usize,
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        None => println!("load: nothing to do; benches/load/run starts the servers to measure"),
        Some(Command::Drive {
            address,
            requests,
            connections,
            seconds,
            warm_up,
            once,
            reconnect,
        }) => {
            let text = std::fs::read(&requests).context("reading the requests")?;
            let requests: Vec<Bytes> = text
                .split(|byte| *byte == 0)
                .filter(|request| !request.is_empty())
                .map(Bytes::copy_from_slice)
                .collect();
            if requests.is_empty() {
                bail!("no request in the file");
            }
            // One thread: the generator must not take more of the machine than it needs.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let plan = Plan {
                address,
                requests,
                once,
                reconnect,
                next: AtomicUsize::new(0),
            };
            let (warm_up, seconds) = match once {
                true => (Duration::ZERO, PATIENCE),
                false => (
                    Duration::from_secs_f64(warm_up),
                    Duration::from_secs_f64(seconds),
                ),
            };
            println!(
                "{}",
                runtime.block_on(drive(plan, connections, warm_up, seconds))?
            );
        }
        Some(Command::Bare { port, bytes }) => serve_bare(port, bytes)?,
        Some(Command::Hash { threads, seconds }) => {
            println!(
                "{:.2}",
                hash_rate(threads, Duration::from_secs_f64(seconds))
            );
        }
    }
    Ok(())
}

/// The longest that an answer may take: logins of a slow hash queue up behind each other.
const PATIENCE: Duration = Duration::from_secs(120);

struct Plan {
    address: String,
    requests: Vec<Bytes>,
    once: bool,
    reconnect: bool,
    next: AtomicUsize,
}

/// What one connection has seen.
#[derive(Default)]
struct Tally {
    statuses: BTreeMap<u16, u64>,
    microseconds: Vec<u32>,
    bytes: u64,
}

async fn drive(
    plan: Plan,
    connections: usize,
    warm_up: Duration,
    seconds: Duration,
) -> Result<serde_json::Value> {
    let plan = Arc::new(plan);
    let from = Instant::now() + warm_up;
    let until = from + seconds;
    let clients: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(client(Arc::clone(&plan), from, until)))
        .collect();
    let mut total = Tally::default();
    for client in clients {
        let tally = client.await??;
        for (status, count) in tally.statuses {
            *total.statuses.entry(status).or_default() += count;
        }
        total.microseconds.extend(tally.microseconds);
        total.bytes += tally.bytes;
    }
    let seconds = seconds.min(from.elapsed());
    total.microseconds.sort_unstable();
    let count = total.microseconds.len();
    if count == 0 {
        bail!("no answer within the measured time");
    }
    let percentile = |share: f64| total.microseconds[((count - 1) as f64 * share) as usize];
    Ok(serde_json::json!({
        "requests_per_second": count as f64 / seconds.as_secs_f64(),
        "p50": percentile(0.5),
        "p99": percentile(0.99),
        "bytes_per_answer": total.bytes / count as u64,
        "statuses": total.statuses.iter().map(|(s, n)| (s.to_string(), *n))
            .collect::<BTreeMap<_, _>>(),
    }))
}

/// One connection's loop. Answers that arrive in `from..until` are counted.
async fn client(plan: Arc<Plan>, from: Instant, until: Instant) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut connection = Connection::open(&plan.address).await?;
    loop {
        let number = plan.next.fetch_add(1, Ordering::Relaxed);
        let request = &plan.requests[number % plan.requests.len()];
        let begun = Instant::now();
        if begun >= until || (plan.once && number >= plan.requests.len()) {
            return Ok(tally);
        }
        // Requests under way at the end are waited for: the server must not carry them along
        // into the next measurement.
        let answer = tokio::time::timeout(PATIENCE, connection.exchange(request))
            .await
            .context("no answer in time")??;
        let now = Instant::now();
        if now >= from && now < until {
            *tally.statuses.entry(answer.status).or_default() += 1;
            tally
                .microseconds
                .push((now - begun).as_micros().min(u32::MAX.into()) as u32);
            tally.bytes += answer.length as u64;
        }
        if answer.closes || plan.reconnect {
            connection = Connection::open(&plan.address).await?;
        }
    }
}

/// What matters of an answer. `length`: bytes of head and body.
struct Answer {
    status: u16,
    length: usize,
    closes: bool,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connecting")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Sends a request and reads its answer to the end; the next request may follow.
    async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection before an answer");
            }
        };
        let (status, length, closes) = read_head(&self.buffer[..head])?;
        // Without a length the body ends with the connection.
        while length.is_none_or(|length| self.buffer.len() < head + length) {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                if length.is_some() {
                    bail!("the server closed the connection within an answer");
                }
                break;
            }
        }
        Ok(Answer {
            status,
            length: self.buffer.len(),
            closes: closes || length.is_none(),
        })
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Status, body length when it is told, and whether the connection ends after the answer.
fn read_head(head: &[u8]) -> Result<(u16, Option<usize>, bool)> {
    let text = std::str::from_utf8(head).context("an answer's head that is no text")?;
    let mut lines = text.split("\r\n");
    let status: u16 = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok())
        .context("an answer without a status")?;
    let mut length = (status == 204 || status == 304).then_some(0);
    let mut closes = text.starts_with("HTTP/1.0");
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.parse().context("an answer with a strange length")?);
        } else if name.eq_ignore_ascii_case("connection") {
            closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("a chunked answer, which this driver does not read");
        }
    }
    Ok((status, length, closes))
}

/// The most that axum does on this machine for an answer of the size.
fn serve_bare(port: u16, bytes: usize) -> Result<()> {
    let body = Bytes::from(vec![b'x'; bytes]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        let answer = move || {
            let body = body.clone();
            async move { ([(header::CONTENT_TYPE, "application/json")], body) }
        };
        let router = Router::new()
            .route("/v3", get(|| async { "ready" }))
            .fallback(answer);
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        hyper_loop(listener, router).await
    })
}

/// Accepts and serves as the real server does: hyper's connections, without axum's own loop.
async fn hyper_loop(listener: TcpListener, router: Router) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            // A client that goes away ends its connection, not the yardstick.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .await;
        });
    }
}

/// Argon2id hashes per second on `threads` threads: what a login can never beat.
fn hash_rate(threads: usize, time: Duration) -> f64 {
    let parameters = HashParameters::new(Algorithm::Argon2);
    let stored = password::hash(&parameters, "load-secret").unwrap_or_default();
    let until = Instant::now() + time;
    let done: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = 0;
                    while Instant::now() < until {
                        assert!(password::verify(&parameters, "load-secret", &stored));
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        workers.into_iter().filter_map(|w| w.join().ok()).sum()
    });
    done as f64 / time.as_secs_f64()
}
