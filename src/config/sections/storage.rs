//! `[cache]` and `[database]`.

use crate::config::field::section;
use crate::config::option::{default, unset};
use crate::model::Secret;
use std::path::PathBuf;

section! {
    /// Cache of what the database says. This program keeps its own, in memory; the options of
    /// cache servers are read for the sake of existing files.
    Cache in "cache" {
        /// Prefix of the cache library's settings.
        config_prefix: String = default("cache.oslo");

        /// Seconds that a cached fact stays valid at most. Nothing reads it here: the cache learns
        /// of changes.
        expiration_time: u64 = default("600").min(1);

        /// Seconds that a cache server keeps a fact; unset means as long as expiration_time.
        backend_expiration_time: Option<u64> = unset().min(1);

        /// Cache server's driver.
        backend: String = default("dogpile.cache.null")
            .choices(&[
                "oslo_cache.memcache_pool", "oslo_cache.dict", "oslo_cache.etcd3gw",
                "dogpile.cache.pymemcache", "dogpile.cache.memcached", "dogpile.cache.pylibmc",
                "dogpile.cache.bmemcached", "dogpile.cache.dbm", "dogpile.cache.redis",
                "dogpile.cache.redis_sentinel", "dogpile.cache.memory",
                "dogpile.cache.memory_pickle", "dogpile.cache.null",
            ]);

        /// Argument of that driver, as name:value.
        backend_argument: Vec<Secret> = default("").multi();

        /// Proxies of that driver.
        proxies: Vec<String> = default("");

        /// Unset: a cache that learns of every change made through this program. true: the
        /// same. false: every request reads the database, so rows written by others are seen at
        /// once.
        enabled: Option<bool> = unset();

        /// Milliseconds between two looks at the database for changes made by other processes;
        /// 0 looks at every request.
        version_poll_interval_ms: u64 = default("250");

        /// Log the cache's work.
        debug_cache_backend: bool = default("false");

        /// Addresses of memcached servers.
        memcache_servers: Vec<String> = default("localhost:11211");

        /// Seconds before a failed server is tried again.
        memcache_dead_retry: i64 = default("300");

        /// Seconds to wait for a cache server.
        socket_timeout: f64 = default("1.0")
            .deprecated(&[
                ("cache", "memcache_socket_timeout"), ("cache", "redis_socket_timeout"),
            ]);

        /// Most open connections to memcached.
        memcache_pool_maxsize: i64 = default("10");

        /// Seconds that an unused connection is kept.
        memcache_pool_unused_timeout: i64 = default("60");

        /// Seconds to wait for a free connection.
        memcache_pool_connection_get_timeout: i64 = default("10");

        /// Empty a server's cache when it comes back.
        memcache_pool_flush_on_reconnect: bool = default("false");

        /// Log in to memcached by SASL.
        memcache_sasl_enabled: bool = default("false");

        /// Login name at the cache server.
        username: Option<String> = unset()
            .deprecated(&[("cache", "memcache_username"), ("cache", "redis_username")]);

        /// Password at the cache server.
        password: Option<Secret> = unset()
            .deprecated(&[("cache", "memcache_password"), ("cache", "redis_password")]);

        /// Address of a Redis server.
        redis_server: String = default("localhost:6379");

        /// Number of the Redis database.
        redis_db: u64 = default("0").min(0);

        /// Addresses of Redis sentinels.
        redis_sentinels: Vec<String> = default("localhost:26379");

        /// Name of the service that the sentinels watch.
        redis_sentinel_service_name: String = default("mymaster");

        /// Encrypt the connection to the cache server.
        tls_enabled: bool = default("false");

        /// PEM file with the authorities that sign its certificate.
        tls_cafile: Option<PathBuf> = unset();

        /// PEM file with the client's certificate.
        tls_certfile: Option<PathBuf> = unset();

        /// PEM file with the client's key.
        tls_keyfile: Option<PathBuf> = unset();

        /// Ciphers that are allowed.
        tls_allowed_ciphers: Option<String> = unset();

        /// Keep connections alive.
        enable_socket_keepalive: bool = default("false");

        /// Seconds of silence before the first sign of life.
        socket_keepalive_idle: u64 = default("1").min(0);

        /// Seconds between signs of life.
        socket_keepalive_interval: u64 = default("1").min(0);

        /// Unanswered signs of life that end a connection.
        socket_keepalive_count: u64 = default("1").min(0);

        /// Repeat failed operations.
        enable_retry_client: bool = default("false");

        /// How many times an operation is tried.
        retry_attempts: u64 = default("2").min(1);

        /// Seconds between the attempts.
        retry_delay: f64 = default("0");

        /// How many times a server is tried before it counts as dead.
        hashclient_retry_attempts: u64 = default("2").min(1);

        /// Seconds between these attempts.
        hashclient_retry_timeout: f64 = default("1")
            .deprecated(&[("cache", "hashclient_retry_delay")]);

        /// Seconds before a dead server is tried again.
        hashclient_dead_timeout: f64 = default("60").deprecated(&[("cache", "dead_timeout")]);
    }
}

section! {
    /// The database.
    Database in "database" {
        /// Let SQLite wait until the disk has the data. Nothing reads it here: it always does.
        sqlite_synchronous: bool = default("true");

        /// Database library of Python's Keystone; nothing reads it here.
        backend: String = default("sqlalchemy");

        /// URL of the database, as SQLAlchemy writes it:
        /// mysql+pymysql://user:password@host/keystone, postgresql://…, sqlite:////path.
        connection: Option<Secret> = unset();

        /// URL of a database to read from; nothing reads it here.
        slave_connection: Option<Secret> = unset();

        /// URL for Python's asynchronous drivers; nothing reads it here.
        asyncio_connection: Option<Secret> = unset();

        /// URL for Python's asynchronous drivers; nothing reads it here.
        asyncio_slave_connection: Option<Secret> = unset();

        /// MySQL's SQL mode. Nothing reads it here: it is always TRADITIONAL.
        mysql_sql_mode: String = default("TRADITIONAL");

        /// Galera's causality checks before reads, as a bit mask; unset leaves the server's
        /// own.
        mysql_wsrep_sync_wait: Option<i64> = unset();

        /// Seconds after which a connection is replaced.
        connection_recycle_time: i64 = default("3600");

        /// Connections that are kept; 0 is no limit.
        max_pool_size: i64 = default("5");

        /// Connections beyond max_pool_size under load.
        max_overflow: i64 = default("50");

        /// How many times connecting is tried at the start; -1 is for ever. Nothing reads it here: it
        /// is tried for ever, and requests are answered 503 until then.
        max_retries: i64 = default("10");

        /// Seconds between these attempts; nothing reads it here.
        retry_interval: i64 = default("10");

        /// Seconds to wait for a free connection.
        pool_timeout: Option<i64> = unset();

        /// How much of the SQL is logged: 0 none, 100 all; nothing reads it here.
        connection_debug: u64 = default("0").min(0).max(100);

        /// Name the Python code in SQL comments; nothing reads it here.
        connection_trace: bool = default("false");

        /// Repeat what a lost connection has interrupted; nothing reads it here.
        use_db_reconnect: bool = default("false");

        /// Seconds before the first repetition of a transaction. Nothing reads it here: it is a
        /// hundredth, then more.
        db_retry_interval: i64 = default("1");

        /// Double this time with each repetition. Nothing reads it here: it doubles.
        db_inc_retry_interval: bool = default("true");

        /// Upper bound of this time in seconds. Nothing reads it here: it is half a second.
        db_max_retry_interval: i64 = default("10");

        /// How many times a transaction is repeated; -1 is for ever.
        db_max_retries: i64 = default("20");

        /// Arguments added to the connection's URL, as name=value&name=value.
        connection_parameters: String = default("");

        /// Let reads see all that was written before; nothing reads it here.
        synchronous_reader: bool = default("true");
    }
}
