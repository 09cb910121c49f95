//! The database: a pool, sessions, and transactions that are run again when they lose a race.
//!
//! ```ignore
//! db.transaction(|s| Box::pin(async move {
//!     s.execute(sql("DELETE FROM role WHERE id = ?").bind(id)).await?;
//!     s.touch(Area::Assignment);
//!     Ok(())
//! })).await
//! ```

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use super::dialect::Dialect;
pub use super::options::{DbOptions, Server, ServerKind, Target, Tls, TlsMode};
pub use super::row::Row;
pub use super::session::{Session, Transaction};
pub use super::statement::{Sql, sql};
pub use super::value::Value;
pub use super::versions::{Area, Versions};

use super::error_mapping;
use super::pool::{Pool, Watch};
use crate::error::{Error, Result};
use crate::model::event::Event;

/// The first pause before a transaction is run again; it doubles each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A database. Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
    listener: Option<Listener>,
}

/// Hears of what committed transactions noted with [`Session::notify`].
pub type Listener = Arc<dyn Fn(Vec<Event>) + Send + Sync>;

pub(super) struct Shared {
    pub(super) pool: Pool,
    pub(super) dialect: Dialect,
    pub(super) versions: Versions,
    pub(super) statements: AtomicU64,
    pub(super) spelling: Spelling,
    pub(super) watch: Watch,
    /// SQLite's one writer.
    writer: Option<Arc<Semaphore>>,
    options: DbOptions,
}

/// How the pool is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatistics {
    /// Open connections.
    pub size: u32,
    /// Open connections that nobody uses.
    pub idle: usize,
    /// The most connections there may be.
    pub max: u32,
}

impl Db {
    /// Opens a pool. Nothing is connected yet: a database that is away is [`Error::Unavailable`]
    /// when it is used.
    pub async fn connect(options: &DbOptions) -> Result<Self> {
        let dialect = options.dialect();
        let shared = Arc::new(Shared {
            pool: Pool::open(options),
            dialect,
            versions: Versions::default(),
            statements: AtomicU64::new(0),
            spelling: Spelling {
                dialect,
                known: RwLock::default(),
            },
            watch: Watch::new(options.connect_timeout),
            writer: (dialect == Dialect::Sqlite).then(|| Arc::new(Semaphore::new(1))),
            options: options.clone(),
        });
        Ok(Self {
            shared,
            listener: None,
        })
    }

    /// The same database, whose transactions tell `listener` what they did.
    pub fn heard_by(&self, listener: Listener) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            listener: Some(listener),
        }
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.shared.dialect
    }

    /// One connection for a handful of reads.
    pub async fn session(&self) -> Result<Session> {
        Session::open(&self.shared).await
    }

    /// Runs `work` in a transaction: commits when it returns `Ok`, rolls back when it returns `Err`.
    ///
    /// When the database gives the transaction up ([`Error::Transient`], at a statement or at the
    /// commit), the whole closure runs again after a short pause, so it must have no effects but on
    /// the database. After the last try, [`Error::Unavailable`].
    ///
    /// The versions of the areas that `work` touched are raised in the same transaction, and in
    /// this process after the commit.
    pub async fn transaction<'env, T, F>(&self, work: F) -> Result<T>
    where
        F: for<'s> Fn(&'s mut Transaction<'env>) -> BoxFuture<'s, Result<T>> + Send + Sync,
        T: Send,
    {
        let mut patience = Patience::new(self);
        loop {
            match self.attempt(&work).await {
                Err(error) => patience.wait_after(error).await?,
                done => return done,
            }
        }
    }

    /// Runs one statement in a transaction of its own, in one round trip; again when it loses a race.
    /// Returns how many rows it matched. No area's version is raised.
    pub async fn execute(&self, statement: Sql) -> Result<u64> {
        let mut patience = Patience::new(self);
        loop {
            match self.attempt_alone(statement.clone()).await {
                Err(error) => patience.wait_after(error).await?,
                done => return done,
            }
        }
    }

    async fn attempt_alone(&self, statement: Sql) -> Result<u64> {
        let _turn = self.shared.writer_turn().await?;
        self.session().await?.execute(statement).await
    }

    async fn attempt<'env, T, F>(&self, work: &F) -> Result<T>
    where
        F: for<'s> Fn(&'s mut Transaction<'env>) -> BoxFuture<'s, Result<T>> + Send + Sync,
    {
        let mut transaction = Transaction::begin(&self.shared).await?;
        match work(&mut transaction).await {
            Ok(done) => {
                let events = transaction.commit().await?;
                if let Some(listener) = self.listener.as_ref().filter(|_| !events.is_empty()) {
                    listener(events);
                }
                Ok(done)
            }
            Err(error) => {
                transaction.rollback().await;
                Err(error)
            }
        }
    }

    /// The versions of the areas, as far as this process knows.
    pub fn versions(&self) -> &Versions {
        &self.shared.versions
    }

    /// Reads the versions that other processes raised. To be called periodically.
    pub async fn refresh_versions(&self) -> Result<()> {
        let mut session = self.session().await?;
        let rows = session
            .fetch_all(sql("SELECT area, version FROM keystone_native_version"))
            .await;
        // Tests count what requests cost; the poll is nobody's request.
        self.shared.statements.fetch_sub(1, Ordering::Relaxed);
        let mut numbers = HashMap::new();
        for row in rows? {
            numbers.insert(row.text("area")?, row.int("version")?);
        }
        self.shared.versions.polled(&numbers);
        Ok(())
    }

    /// Size and use of the pool.
    pub fn statistics(&self) -> PoolStatistics {
        PoolStatistics {
            size: self.shared.pool.size(),
            idle: self.shared.pool.idle(),
            max: self.shared.options.max_connections,
        }
    }

    /// How many statements ran so far, `BEGIN` and `COMMIT` included: one round trip each.
    pub fn statements(&self) -> u64 {
        self.shared.statements.load(Ordering::Relaxed)
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.shared.pool.close().await;
    }
}

/// How often, and after which pauses, what lost a race is run again.
struct Patience {
    left: u32,
    pause: Duration,
}

impl Patience {
    fn new(db: &Db) -> Self {
        Self {
            left: db.shared.options.max_retries,
            pause: FIRST_PAUSE,
        }
    }

    /// Waits before the next try; fails with what can't be tried again, or not any more.
    async fn wait_after(&mut self, error: Error) -> Result<()> {
        match error {
            Error::Transient(reason) if self.left > 0 => {
                tracing::debug!(reason, left = self.left, "running a transaction again");
                self.left -= 1;
                tokio::time::sleep(jittered(self.pause)).await;
                self.pause = LONGEST_PAUSE.min(self.pause * 2);
                Ok(())
            }
            Error::Transient(reason) => Err(error_mapping::unavailable(&reason)),
            other => Err(other),
        }
    }
}

impl Shared {
    /// Waits for the turn to write, where writers take turns.
    pub(super) async fn writer_turn(&self) -> Result<Option<OwnedSemaphorePermit>> {
        let Some(writer) = &self.writer else {
            return Ok(None);
        };
        let turn = Arc::clone(writer).acquire_owned();
        match tokio::time::timeout(self.options.acquire_timeout, turn).await {
            Ok(Ok(permit)) => Ok(Some(permit)),
            Ok(Err(closed)) => Err(error_mapping::unavailable(&closed)),
            Err(_) => Err(error_mapping::unavailable(
                &"waited too long for other writers",
            )),
        }
    }
}

/// Between half of the pause and all of it, so that transactions that collided don't meet again.
fn jittered(pause: Duration) -> Duration {
    let fraction = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    pause.mul_f64(0.5 + fraction / 2.0)
}

/// A statement's text in the database's dialect.
pub(super) enum Spelled {
    Once(Cow<'static, str>),
    /// One of the program's own, which are kept.
    Known(Arc<str>),
}

impl Deref for Spelled {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Once(text) => text,
            Self::Known(text) => text,
        }
    }
}

/// The statements' texts in the database's dialect. Texts in the program are spelled once.
pub(super) struct Spelling {
    dialect: Dialect,
    known: RwLock<HashMap<&'static str, Arc<str>>>,
}

impl Spelling {
    pub(super) fn of(&self, portable: Cow<'static, str>) -> Spelled {
        match (self.dialect, portable) {
            (Dialect::Sqlite, text) => Spelled::Once(text),
            (dialect, Cow::Owned(text)) => Spelled::Once(dialect.spell(&text).into()),
            (dialect, Cow::Borrowed(text)) => {
                let known = self
                    .known
                    .read()
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
                if let Some(spelled) = known.get(text) {
                    return Spelled::Known(Arc::clone(spelled));
                }
                drop(known);
                let spelled: Arc<str> = dialect.spell(text).into();
                let mut known = self
                    .known
                    .write()
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
                known.insert(text, Arc::clone(&spelled));
                Spelled::Known(spelled)
            }
        }
    }
}
