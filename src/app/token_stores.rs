//! The token stores that `[token] driver` can name. A driver of one's own is one more line here.

use crate::config::Config;
use crate::driver::sql::db::Db;
use crate::driver::sql::token_store::SqlTokenStore;
use crate::driver::token_store::TokenStore;
use crate::driver::token_store::memcached::MemcachedTokenStore;
use crate::driver::token_store::memory::MemoryTokenStore;
use crate::driver::token_store::redis::{RedisTokenStore, TlsFiles};
use crate::error::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

type Open = fn(&Config, &Db) -> Result<Arc<dyn TokenStore>>;

/// Names and what they open. Opening connects to nothing yet.
const DRIVERS: &[(&str, Open)] = &[
    ("sql", |_, db| Ok(Arc::new(SqlTokenStore::new(db.clone())))),
    ("memory", memory),
    ("kvs", memory),
    ("redis", redis),
    ("memcached", memcached),
    ("memcache", memcached),
    ("memcache_pool", memcached),
];

/// Opens the store that a configuration names.
///
/// # Errors
/// 500, with a message for the operator, when there is none of this name or it is set up wrongly.
pub fn open(config: &Config, db: &Db) -> Result<Arc<dyn TokenStore>> {
    let wanted = config.token.driver.as_str();
    let Some((_, open)) = DRIVERS.iter().find(|(name, _)| *name == wanted) else {
        let names: Vec<_> = DRIVERS.iter().map(|(name, _)| *name).collect();
        return Err(Error::internal(format!(
            "[token] driver: {wanted} is not known; use one of {}",
            names.join(", ")
        )));
    };
    open(config, db)
}

fn memory(config: &Config, _: &Db) -> Result<Arc<dyn TokenStore>> {
    let most = usize::try_from(config.token_store.memory_limit).unwrap_or(usize::MAX);
    Ok(Arc::new(MemoryTokenStore::new(most)))
}

fn redis(config: &Config, _: &Db) -> Result<Arc<dyn TokenStore>> {
    let options = &config.token_store;
    let client = match (&options.redis_cert_file, &options.redis_key_file) {
        (Some(certificate), Some(key)) => Some((certificate.as_path(), key.as_path())),
        (None, None) => None,
        _ => {
            return Err(Error::internal(
                "[token_store] redis_cert_file and redis_key_file: one is not set",
            ));
        }
    };
    let tls = TlsFiles {
        ca: options.redis_ca_file.as_deref(),
        client,
    };
    let store = RedisTokenStore::new(
        &options.redis_url,
        tls,
        &options.redis_prefix,
        seconds("[token_store] redis_timeout", options.redis_timeout)?,
        config.token.allow_expired_window,
    )?;
    Ok(Arc::new(store))
}

fn memcached(config: &Config, _: &Db) -> Result<Arc<dyn TokenStore>> {
    let options = &config.memcache;
    let store = MemcachedTokenStore::new(
        &options.servers,
        seconds("[memcache] socket_timeout", options.socket_timeout)?,
        config.token.allow_expired_window,
        usize::try_from(options.pool_maxsize).unwrap_or(usize::MAX),
    )?;
    Ok(Arc::new(store))
}

fn seconds(option: &str, seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| Error::internal(format!("{option}: {seconds} is no time to wait")))
}
