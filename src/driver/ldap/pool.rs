//! Connections that are kept, and bounded in number.

use super::connection::{Connection, Dialer, Failure};
use super::entry::Entry;
use super::{Search, Server};
use crate::error::{Error, Result};
use crate::model::Secret;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

/// Nothing takes longer, whatever single steps of it may take.
const LONGEST: Duration = Duration::from_secs(60);

/// For so long after nobody answered, nobody is asked again: whoever comes next is told at once.
const PAUSE: Duration = Duration::from_secs(1);

/// So many servers a search may be passed on to, one after the other.
const MOST_HOPS: u8 = 5;

/// Connections for one purpose.
pub(super) struct Pool {
    dialer: Arc<Dialer>,
    servers: Arc<[Server]>,
    /// Whom they are bound as while they wait; `None` for those that are bound anew each time.
    owner: Option<Account>,
    rules: PoolRules,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
    /// When nobody answered last, and what came of it.
    failed: Mutex<Option<(Instant, String)>>,
}

/// A name and its password; without, nobody in particular.
pub(super) type Account = Option<(String, Secret)>;

/// How many connections there are, and how they are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolRules {
    pub size: usize,
    /// Whether connections are kept at all.
    pub keeps: bool,
    pub lifetime: Duration,
    pub attempts: u64,
    pub delay: Duration,
}

impl Pool {
    pub fn new(
        dialer: Arc<Dialer>,
        servers: Arc<[Server]>,
        owner: Option<Account>,
        rules: PoolRules,
    ) -> Self {
        Self {
            dialer,
            servers,
            owner,
            rules,
            turns: Semaphore::new(rules.size),
            idle: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    /// What a search finds.
    ///
    /// # Errors
    /// 503 when no server answers, or it refuses.
    pub async fn search(&self, search: &Search) -> Result<Vec<Entry>> {
        self.in_time(async {
            let _turn = self.turn().await?;
            // A connection that was kept may have been closed by the server meanwhile.
            while let Some(mut connection) = self.kept() {
                match self.dialer.search(&mut connection, search, MOST_HOPS).await {
                    Ok(entries) => {
                        self.keep(connection);
                        return Ok(entries);
                    }
                    Err(Failure::Away(why)) => self.forget_idle(&why),
                    Err(failure) => {
                        self.keep(connection);
                        return Err(unusable(search, &failure));
                    }
                }
            }
            let mut connection = self.open().await?;
            match self.dialer.search(&mut connection, search, MOST_HOPS).await {
                Err(Failure::Away(why)) => Err(self.nobody_answers(why)),
                found => {
                    self.keep(connection);
                    found.map_err(|failure| unusable(search, &failure))
                }
            }
        })
        .await
    }

    /// Whether a password is the one of a name, by binding with it. The server is asked every time.
    ///
    /// # Errors
    /// 503 when no server answers.
    pub async fn verifies(&self, dn: &str, password: &Secret) -> Result<bool> {
        // Binding with a name and no password succeeds and proves nothing (RFC 4513, 5.1.2).
        if dn.is_empty() || password.expose().is_empty() {
            return Ok(false);
        }
        self.in_time(async {
            let _turn = self.turn().await?;
            while let Some(mut connection) = self.kept() {
                match self
                    .dialer
                    .bind(&mut connection, Some((dn, password)))
                    .await
                {
                    Err(Failure::Away(why)) => self.forget_idle(&why),
                    bound => {
                        self.keep(connection);
                        return Ok(told(dn, bound));
                    }
                }
            }
            let mut connection = self.open().await?;
            match self
                .dialer
                .bind(&mut connection, Some((dn, password)))
                .await
            {
                Err(Failure::Away(why)) => Err(self.nobody_answers(why)),
                bound => {
                    self.keep(connection);
                    Ok(told(dn, bound))
                }
            }
        })
        .await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match timeout(LONGEST, work).await {
            Ok(done) => done,
            Err(_) => Err(Error::Unavailable(
                "the LDAP servers took too long to answer".to_owned(),
            )),
        }
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.turns.acquire().await.map_err(Error::internal)
    }

    /// A kept connection that is not too old.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| connection.opened_at.elapsed() < self.rules.lifetime);
        idle.pop()
    }

    fn keep(&self, connection: Connection) {
        if self.rules.keeps {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(connection);
        }
    }

    /// When one kept connection is gone, so are the others, most likely; finding out about each could take
    /// long.
    fn forget_idle(&self, why: &str) {
        tracing::debug!(why, "a kept connection is gone");
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.clear();
    }

    /// A new connection to the first server that answers.
    async fn open(&self) -> Result<Connection> {
        self.check_pause()?;
        let mut reasons = Vec::new();
        for server in self.servers.iter() {
            for attempt in 1..=self.rules.attempts {
                match self.open_at(server).await {
                    Ok(connection) => return Ok(connection),
                    // Trying again would lock the account out.
                    Err(failure) if failure.is_invalid_credentials() => {
                        return Err(Error::Unavailable(format!(
                            "the LDAP server does not take [ldap] user and password: {failure}"
                        )));
                    }
                    Err(failure) if attempt == self.rules.attempts => {
                        reasons.push(failure.to_string());
                    }
                    Err(_) => sleep(self.rules.delay).await,
                }
            }
        }
        Err(self.nobody_answers(reasons.join("; ")))
    }

    async fn open_at(&self, server: &Server) -> Result<Connection, Failure> {
        let mut connection = self.dialer.connect(server).await?;
        if let Some(account) = &self.owner {
            let account = account.as_ref();
            let who = account.map(|(dn, password)| (dn.as_str(), password));
            self.dialer.bind(&mut connection, who).await?;
        }
        Ok(connection)
    }

    fn check_pause(&self) -> Result<()> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match &*failed {
            Some((at, why)) if at.elapsed() < PAUSE => Err(away(why)),
            _ => Ok(()),
        }
    }

    fn nobody_answers(&self, why: String) -> Error {
        let error = away(&why);
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        *failed = Some((Instant::now(), why));
        error
    }
}

fn away(why: &str) -> Error {
    Error::Unavailable(format!("no LDAP server answers: {why}"))
}

fn unusable(search: &Search, failure: &Failure) -> Error {
    Error::Unavailable(format!(
        "searching {} for {} failed: {failure}",
        search.base, search.filter
    ))
}

/// Whatever a server has against a bind, the user is not let in.
fn told(dn: &str, bound: Result<(), Failure>) -> bool {
    match bound {
        Ok(()) => true,
        Err(failure) => {
            tracing::debug!(dn, %failure, "the directory refused a password");
            false
        }
    }
}
