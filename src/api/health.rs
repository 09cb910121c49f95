//! `/healthcheck`, for load balancers and for those who look after them.

use crate::api::edge::RequestMeta;
use crate::app::App;
use crate::config::Healthcheck;
use crate::driver::notification::host_name;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// What one check found.
struct Finding {
    /// The check's name, as Keystone's answers have it.
    class: &'static str,
    healthy: bool,
    reason: &'static str,
    details: String,
}

/// `GET /healthcheck`: 200 unless an operator took this node out by a file. HEAD answers 204 for it.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Arc<RequestMeta>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let config = app.config();
    let options = &config.healthcheck;
    if !may_look(options, meta.peer, &headers) {
        return crate::api::edge::unknown_path(uri).await;
    }
    let findings = findings(options);
    let healthy = findings.iter().all(|finding| finding.healthy);
    let status = match (healthy, &method) {
        (true, &Method::HEAD) => StatusCode::NO_CONTENT,
        (true, _) => StatusCode::OK,
        (false, _) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let (content_type, body) = match wanted(&headers) {
        "application/json" => {
            let body = json_report(options, &findings, app.clock.now().naive());
            let text = serde_json::to_string_pretty(&body).unwrap_or_default();
            ("application/json; charset=UTF-8", text)
        }
        "text/html" => ("text/html; charset=UTF-8", html_report(options, &findings)),
        _ => {
            let reasons: Vec<&str> = findings.iter().map(|finding| finding.reason).collect();
            ("text/plain; charset=UTF-8", reasons.join("\n"))
        }
    };
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// The checks of `backends`, and the one that a configured file asks for by itself.
fn findings(options: &Healthcheck) -> Vec<Finding> {
    let is_on = |name: &str| options.backends.iter().any(|backend| backend == name);
    let mut findings = Vec::new();
    match &options.disable_by_file_path {
        Some(path) if path.exists() => findings.push(Finding {
            class: "DisableByFileHealthcheck",
            healthy: false,
            reason: "DISABLED BY FILE",
            details: format!("Path '{}' was found", path.display()),
        }),
        Some(path) if is_on("disable_by_file") => findings.push(Finding {
            class: "DisableByFileHealthcheck",
            healthy: true,
            reason: "OK",
            details: format!("Path '{}' was not found", path.display()),
        }),
        None if is_on("disable_by_file") => findings.push(Finding {
            class: "DisableByFileHealthcheck",
            healthy: true,
            reason: "OK",
            details: "No 'disable_by_file_path' configuration value specified".to_owned(),
        }),
        _ => {}
    }
    if is_on("enable_by_files") {
        let paths = &options.enable_by_file_paths;
        let missing = paths.iter().find(|path| !Path::new(path).exists());
        findings.push(Finding {
            class: "EnableByFilesHealthcheck",
            healthy: missing.is_none(),
            reason: match missing {
                Some(_) => "FILE PATH MISSING",
                None => "OK",
            },
            details: match missing {
                Some(path) => format!("File path {path} is missing"),
                None => "Specified file paths are available".to_owned(),
            },
        });
    }
    findings
}

fn json_report(options: &Healthcheck, findings: &[Finding], now: chrono::NaiveDateTime) -> Value {
    if !options.detailed {
        let reasons: Vec<&str> = findings.iter().map(|finding| finding.reason).collect();
        return json!({ "detailed": false, "reasons": reasons });
    }
    let reasons: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "class": finding.class,
                "details": finding.details,
                "reason": finding.reason,
            })
        })
        .collect();
    json!({
        "detailed": true,
        "now": now.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        "reasons": reasons,
    })
}

fn html_report(options: &Healthcheck, findings: &[Finding]) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=en>\n<head><title>Healthcheck Status</title></head>\n<body>\n",
    );
    if options.detailed {
        let host = escaped(&host_name());
        let _ = writeln!(
            page,
            "<h1>Server status</h1>\n<p>Server hostname: {host}</p>"
        );
    }
    let _ = writeln!(
        page,
        "<h2>Result of {} checks:</h2>\n<table>",
        findings.len()
    );
    for finding in findings {
        let _ = match options.detailed {
            true => writeln!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                finding.class,
                finding.reason,
                escaped(&finding.details)
            ),
            false => writeln!(page, "<tr><td>{}</td></tr>", finding.reason),
        };
    }
    page += "</table>\n</body>\n</html>\n";
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The first form that a client names and this page has.
fn wanted(headers: &HeaderMap) -> &'static str {
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    let names = accepted
        .split(',')
        .map(|range| range.split(';').next().unwrap_or_default().trim());
    let offers = ["text/plain", "text/html", "application/json"];
    let mut found = names.filter_map(|name| offers.into_iter().find(|offer| *offer == name));
    found.next().unwrap_or("text/plain")
}

/// Whether the page exists for this client.
fn may_look(options: &Healthcheck, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    const BY_PROXIES: [&str; 5] = [
        "x-forwarded",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-for",
        "x-forwarded-prefix",
    ];
    if options.ignore_proxied_requests && BY_PROXIES.iter().any(|name| headers.contains_key(*name))
    {
        return false;
    }
    let ranges = &options.allowed_source_ranges;
    ranges.is_empty() || peer.is_some_and(|peer| ranges.iter().any(|range| is_within(peer, range)))
}

/// Whether an address is in a network written as `10.0.0.0/8`; a text that is no network holds none.
fn is_within(address: IpAddr, network: &str) -> bool {
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, Some(length)),
        None => (network, None),
    };
    let Ok(base) = base.trim().parse::<IpAddr>() else {
        return false;
    };
    let (address, base, width) = match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => (
            u128::from(address.to_bits()),
            u128::from(base.to_bits()),
            32,
        ),
        (IpAddr::V6(address), IpAddr::V6(base)) => (address.to_bits(), base.to_bits(), 128),
        _ => return false,
    };
    let length = match length.map(str::parse::<u32>) {
        None => width,
        Some(Ok(length)) if length <= width => length,
        Some(_) => return false,
    };
    // A shift by all bits leaves nothing to compare.
    let differing = (address ^ base).checked_shr(width - length).unwrap_or(0);
    differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for (inside, network) in [
            ("10.1.2.3", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3"),
            ("10.1.2.3", "0.0.0.0/0"),
            ("2001:db8::1", "2001:db8::/32"),
            ("2001:db8::1", "::/0"),
        ] {
            assert!(is_within(address(inside), network), "{network}");
        }
        for (outside, network) in [
            ("11.1.2.3", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.4"),
            ("10.1.2.3", "10.0.0.0/33"),
            ("10.1.2.3", "nonsense"),
            ("10.1.2.3", "::/0"),
            ("2001:db9::1", "2001:db8::/32"),
        ] {
            assert!(!is_within(address(outside), network), "{network}");
        }
    }
}
