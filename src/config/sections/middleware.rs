//! What surrounds the API: CORS, health, proxies, policy.

use crate::config::field::section;
use crate::config::option::{default, unset};
use std::path::PathBuf;

section! {
    /// Requests of web pages from other origins.
    Cors in "cors" {
        /// Origins that may send requests; none means that the feature is off.
        allowed_origin: Vec<String> = unset();

        /// Let them send cookies and credentials.
        allow_credentials: bool = default("true");

        /// Response headers that pages may read.
        expose_headers: Vec<String> =
            default("X-Auth-Token,X-Openstack-Request-Id,X-Subject-Token,Openstack-Auth-Receipt");

        /// Seconds that browsers may remember the permission.
        max_age: i64 = default("3600");

        /// Methods that pages may use.
        allow_methods: Vec<String> = default("GET,PUT,POST,DELETE,PATCH");

        /// Request headers that pages may send.
        allow_headers: Vec<String> =
            default(concat!(
                "X-Auth-Token,X-Openstack-Request-Id,X-Subject-Token,X-Project-Id,",
                "X-Project-Name,X-Project-Domain-Id,X-Project-Domain-Name,X-Domain-Id,",
                "X-Domain-Name,Openstack-Auth-Receipt",
            ));
    }
}

section! {
    /// The /healthcheck page.
    Healthcheck in "healthcheck" {
        /// Tell what was checked; shows details to everybody.
        detailed: bool = default("false");

        /// Checks to make: disable_by_file, disable_by_files_ports, enable_by_files.
        backends: Vec<String> = default("");

        /// Networks that may see the page; none means all.
        allowed_source_ranges: Vec<String> = default("");

        /// Refuse requests that came through a proxy.
        ignore_proxied_requests: bool = default("false");

        /// The page answers 503 while this file exists.
        disable_by_file_path: Option<PathBuf> = unset();

        /// As disable_by_file_path, by port: port:path.
        disable_by_file_paths: Vec<String> = default("");

        /// The page answers 503 unless all of these files exist.
        enable_by_file_paths: Vec<String> = default("");
    }
}

section! {
    /// Requests before they reach the API.
    OsloMiddleware in "oslo_middleware" {
        /// Most bytes of a request's body; beyond it the answer is 413.
        max_request_body_size: i64 = default("114688");

        /// Believe the Forwarded and X-Forwarded-* headers. Only behind a proxy that sets them.
        enable_proxy_headers_parsing: bool = default("false");

        /// File with users for HTTP basic authentication.
        http_basic_auth_user_file: PathBuf = default("/etc/htpasswd");
    }
}

section! {
    /// Traces of requests.
    OsloMiddlewareTracing in "oslo_middleware_tracing" {
        /// Send traces.
        enabled: bool = default("false");

        /// Collector that they are sent to.
        otlp_endpoint: String = default("http://localhost:4318").uri(&["http", "https"]);

        /// Protocol of the collector.
        otlp_protocol: String = default("http/protobuf").choices(&["http/protobuf", "grpc"]);

        /// Share of requests that are traced.
        sampling_rate: f64 = default("1.0").between(0.0, 1.0);

        /// Name of this service in traces.
        service_name: Option<String> = unset();

        /// Send them without encryption.
        insecure: bool = default("false");
    }
}

section! {
    /// Rules of who may do what.
    OsloPolicy in "oslo_policy" {
        /// Use the new default rules alone, without the deprecated ones beside them.
        enforce_new_defaults: bool = default("true");

        /// File with rules that replace the defaults; relative to the configuration's folder.
        /// It need not exist.
        policy_file: PathBuf = default("policy.yaml");

        /// Rule that is used when the named one does not exist.
        policy_default_rule: String = default("default");

        /// Folder with further such files.
        policy_dirs: Vec<String> = default("policy.d").multi();

        /// Content type of requests to a remote rule.
        remote_content_type: String =
            default("application/x-www-form-urlencoded")
            .choices(&["application/x-www-form-urlencoded", "application/json"]);

        /// Verify the certificate of a remote rule's server.
        remote_ssl_verify_server_crt: bool = default("false");

        /// PEM file with the authorities that sign it.
        remote_ssl_ca_crt_file: Option<PathBuf> = unset();

        /// PEM file with the client's certificate.
        remote_ssl_client_crt_file: Option<PathBuf> = unset();

        /// PEM file with the client's key.
        remote_ssl_client_key_file: Option<PathBuf> = unset();

        /// Seconds to wait for a remote rule.
        remote_timeout: f64 = default("60").min(0);
    }
}
