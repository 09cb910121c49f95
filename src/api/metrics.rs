//! Counters that operators scrape, and the text that they scrape.

use crate::app::App;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::Duration;

/// Upper bounds of the latency buckets, in seconds.
const LATENCY_BUCKETS: [f64; 12] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AuthLabels {
    method: String,
    outcome: &'static str,
}

/// All metrics of one process.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram, fn() -> Histogram>,
    authentications: Family<AuthLabels, Counter>,
    /// Validations answered from the cache.
    pub token_cache_hits: Counter,
    /// Validations that had to read the database.
    pub token_cache_misses: Counter,
    hashing_queued: Gauge,
    hashing_running: Gauge,
    hashing_rejected: Gauge,
    pool_size: Gauge,
    pool_idle: Gauge,
    statements: Gauge,
    notifications_dropped: Gauge,
    notifications_waiting: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(LATENCY_BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("keystone"),
            requests: Family::default(),
            latency: Family::new_with_constructor(histogram),
            authentications: Family::default(),
            token_cache_hits: Counter::default(),
            token_cache_misses: Counter::default(),
            hashing_queued: Gauge::default(),
            hashing_running: Gauge::default(),
            hashing_rejected: Gauge::default(),
            pool_size: Gauge::default(),
            pool_idle: Gauge::default(),
            statements: Gauge::default(),
            notifications_dropped: Gauge::default(),
            notifications_waiting: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "requests",
            "Requests by route and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "Time from the request's head to the answer's head",
            Unit::Seconds,
            self.latency.clone(),
        );
        registry.register(
            "authentications",
            "Authentications by method and outcome",
            self.authentications.clone(),
        );
        registry.register(
            "token_cache_hits",
            "Validations answered from the cache",
            self.token_cache_hits.clone(),
        );
        registry.register(
            "token_cache_misses",
            "Validations that read the database",
            self.token_cache_misses.clone(),
        );
        registry.register(
            "hashing_queued",
            "Password hashes waiting for a thread",
            self.hashing_queued.clone(),
        );
        registry.register(
            "hashing_running",
            "Password hashes being computed",
            self.hashing_running.clone(),
        );
        registry.register(
            "hashing_rejected",
            "Password hashes refused since start",
            self.hashing_rejected.clone(),
        );
        registry.register(
            "database_pool_connections",
            "Open database connections",
            self.pool_size.clone(),
        );
        registry.register(
            "database_pool_idle",
            "Database connections nobody uses",
            self.pool_idle.clone(),
        );
        registry.register(
            "database_statements",
            "SQL statements run since start",
            self.statements.clone(),
        );
        registry.register(
            "notifications_dropped",
            "Notifications that nobody got since start: a queue was full, or the bus away too long",
            self.notifications_dropped.clone(),
        );
        registry.register(
            "notifications_waiting",
            "Notifications that are yet to be sent",
            self.notifications_waiting.clone(),
        );
    }

    /// Counts one answered request.
    pub fn request(
        &self,
        method: &Method,
        route: &'static str,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let labels = RequestLabels {
            method: name_of(method),
            route,
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
        self.latency
            .get_or_create(&RouteLabels { route })
            .observe(elapsed.as_secs_f64());
    }

    /// Counts one authentication by its method, e.g. `password`.
    pub fn authentication(&self, method: &str, succeeded: bool) {
        let outcome = if succeeded { "success" } else { "failure" };
        self.authentications
            .get_or_create(&AuthLabels {
                method: method.to_owned(),
                outcome,
            })
            .inc();
    }

    fn observe_gauges(&self, app: &App) {
        let hashing = app.hashing.statistics();
        self.hashing_queued.set(to_gauge(hashing.queued));
        self.hashing_running.set(to_gauge(hashing.running));
        self.hashing_rejected.set(to_gauge(hashing.rejected));
        let pool = app.db.statistics();
        self.pool_size.set(to_gauge(pool.size));
        self.pool_idle.set(to_gauge(pool.idle));
        self.statements.set(to_gauge(app.db.statements()));
        self.notifications_dropped
            .set(to_gauge(app.notifier.dropped()));
        self.notifications_waiting
            .set(to_gauge(app.notifier.waiting()));
    }
}

/// Methods that clients make up must not become labels of their own.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn to_gauge(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

/// `GET /metrics` of the admin listener: Prometheus' OpenMetrics text.
pub async fn show(State(app): State<Arc<App>>) -> Response {
    app.metrics.observe_gauges(&app);
    let mut body = String::new();
    if text::encode(&mut body, &app.metrics.registry).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}
