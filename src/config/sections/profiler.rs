//! Profiles of requests.

use crate::config::field::section;
use crate::config::option::{default, unset};
use crate::model::Secret;
use std::collections::BTreeMap;

section! {
    /// Profiles of requests.
    Profiler in "profiler" {
        /// Make profiles.
        enabled: bool = default("false").deprecated(&[("profiler", "profiler_enabled")]);

        /// Profile the SQL.
        trace_sqlalchemy: bool = default("false");

        /// Profile outgoing requests.
        trace_requests: bool = default("false");

        /// Keys that requests for a profile are signed with.
        hmac_keys: Secret = default("SECRET_KEY");

        /// Where profiles are kept.
        connection_string: String = default("messaging://");

        /// Elasticsearch: type of documents.
        es_doc_type: String = default("notification");

        /// Elasticsearch: time that a search is kept.
        es_scroll_time: String = default("2m");

        /// Elasticsearch: entries in a page.
        es_scroll_size: i64 = default("10000");

        /// Redis: seconds to wait.
        socket_timeout: f64 = default("0.1");

        /// Redis: name of the sentinels' service.
        sentinel_service_name: String = default("mymaster");

        /// Keep profiles of errors apart.
        filter_error_trace: bool = default("false");
    }
}

section! {
    /// Jaeger as the keeper of profiles.
    ProfilerJaeger in "profiler_jaeger" {
        /// Prefix of this service's name.
        service_name_prefix: Option<String> = unset().obsolete();

        /// Tags of the process.
        process_tags: BTreeMap<String, String> = default("").obsolete();
    }
}

section! {
    /// OpenTelemetry as the keeper of profiles.
    ProfilerOtlp in "profiler_otlp" {
        /// Prefix of this service's name.
        service_name_prefix: Option<String> = unset();
    }
}
