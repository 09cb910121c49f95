//! The message bus.

use crate::config::field::section;
use crate::config::option::{default, unset};
use crate::model::Secret;

section! {
    /// Notifications.
    OsloMessagingNotifications in "oslo_messaging_notifications" {
        /// How notifications are sent: messagingv2, messaging (without an envelope), log or noop;
        /// none means not at all.
        driver: Vec<String> = default("").multi();

        /// URL of the message bus for notifications, rabbit://user:password@host:port/virtual-host;
        /// several servers with commas between; unset means `[DEFAULT] transport_url`.
        transport_url: Option<Secret> = unset();

        /// Topics that they are sent to. Each has a queue of the name <topic>.info.
        topics: Vec<String> = default("notifications");

        /// How many times sending is tried again before a notification is dropped; -1 is for ever.
        retry: i64 = default("-1");
    }
}

section! {
    /// Kafka as the message bus.
    OsloMessagingKafka in "oslo_messaging_kafka" {
        /// Most bytes of one fetch.
        kafka_max_fetch_bytes: i64 = default("1048576");

        /// Seconds to wait for messages.
        kafka_consumer_timeout: f64 = default("1.0");

        /// Group of consumers.
        consumer_group: String = default("oslo_messaging_consumer");

        /// Seconds that messages wait for a batch.
        producer_batch_timeout: f64 = default("0.0");

        /// Size of a batch.
        producer_batch_size: i64 = default("16384");

        /// Compression of messages.
        compression_codec: String = default("none")
            .choices(&["none", "gzip", "snappy", "lz4", "zstd"]);

        /// Commit positions by itself.
        enable_auto_commit: bool = default("false");

        /// Most messages of one poll.
        max_poll_records: i64 = default("500");

        /// Security of the connection.
        security_protocol: String = default("PLAINTEXT")
            .choices(&["PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL"]);

        /// SASL mechanism.
        sasl_mechanism: String = default("PLAIN");

        /// PEM file with the authorities.
        ssl_cafile: String = default("");

        /// PEM file with the client's certificate.
        ssl_client_cert_file: String = default("");

        /// PEM file with the client's key.
        ssl_client_key_file: String = default("");

        /// Password of that key.
        ssl_client_key_password: String = default("");
    }
}

section! {
    /// RabbitMQ as the message bus.
    OsloMessagingRabbit in "oslo_messaging_rabbit" {
        /// Queues survive a restart of the server.
        amqp_durable_queues: bool = default("false");

        /// Queues vanish when nobody uses them.
        amqp_auto_delete: bool = default("false");

        /// Most connections.
        rpc_conn_pool_size: u64 = default("30").min(1);

        /// Connections that are kept.
        conn_pool_min_size: i64 = default("2");

        /// Seconds that an unused connection is kept.
        conn_pool_ttl: i64 = default("1200");

        /// Encrypt the connection.
        ssl: bool = default("false");

        /// TLS version, SSLv23 (which is any) or TLSv1_2; empty lets both sides agree.
        ssl_version: String = default("");

        /// PEM file with the client's key.
        ssl_key_file: String = default("");

        /// PEM file with the client's certificate.
        ssl_cert_file: String = default("");

        /// PEM file with the authorities; empty means the system's.
        ssl_ca_file: String = default("");

        /// Insist on FIPS mode.
        ssl_enforce_fips_mode: bool = default("false").obsolete();

        /// Verify the server's name.
        ssl_enforce_hostname_verification: bool = default("true").obsolete();

        /// Seconds before a lost connection is made anew.
        kombu_reconnect_delay: f64 = default("1.0").between(0.0, 4.5);

        /// Most random seconds added to it.
        kombu_reconnect_splay: f64 = default("0.0").min(0);

        /// Compression of messages: gzip, or none.
        kombu_compression: Option<String> = unset();

        /// Seconds to wait for a client that is gone.
        kombu_missing_consumer_retry_timeout: i64 = default("60")
            .deprecated(&[("oslo_messaging_rabbit", "kombu_reconnect_timeout")]);

        /// How the next server is chosen.
        kombu_failover_strategy: String = default("round-robin")
            .choices(&["round-robin", "shuffle"]);

        /// Login method.
        rabbit_login_method: String = default("AMQPLAIN")
            .choices(&["PLAIN", "AMQPLAIN", "EXTERNAL", "RABBIT-CR-DEMO"]);

        /// Seconds before the first repetition of connecting.
        rabbit_retry_interval: u64 = default("1").min(1);

        /// Seconds added with each repetition.
        rabbit_retry_backoff: u64 = default("2").min(0);

        /// Upper bound of the seconds between repetitions.
        rabbit_interval_max: u64 = default("30").min(1);

        /// Mirror queues (server before 3.0).
        rabbit_ha_queues: bool = default("false");

        /// Use quorum queues.
        rabbit_quorum_queue: bool = default("false");

        /// Use quorum queues for passing data, too.
        rabbit_transient_quorum_queue: bool = default("false");

        /// Most deliveries of one message; 0 is no limit.
        rabbit_quorum_delivery_limit: i64 = default("0");

        /// Most messages in memory; 0 is no limit.
        rabbit_quorum_max_memory_length: i64 = default("0");

        /// Most bytes in memory; 0 is no limit.
        rabbit_quorum_max_memory_bytes: i64 = default("0");

        /// Seconds after which an unused queue vanishes; 0 is never.
        rabbit_transient_queues_ttl: u64 = default("1800").min(0);

        /// Messages fetched ahead; 0 is no limit.
        rabbit_qos_prefetch_count: i64 = default("0");

        /// Seconds without a heartbeat after which a connection counts as lost; 0 leaves it to the
        /// server.
        heartbeat_timeout_threshold: i64 = default("60");

        /// Heartbeats checked in that time.
        heartbeat_rate: i64 = default("3");

        /// Fail when the receiver of an answer is gone.
        direct_mandatory_flag: bool = default("true").obsolete();

        /// Let consumers notice a failover.
        enable_cancel_on_failover: bool = default("false");

        /// Name queues so that a restart finds them again.
        use_queue_manager: bool = default("false");

        /// Host's name in these queue names; unset means the machine's.
        hostname: Option<String> = unset();

        /// Program's name in these queue names; unset means this program's.
        processname: Option<String> = unset();

        /// Use a stream for fan-out.
        rabbit_stream_fanout: bool = default("false");
    }
}
