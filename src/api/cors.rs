//! Requests of web pages from other origins, as `[cors]` permits them.

use crate::config::Cors;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};

/// Headers that pages may always send.
const SIMPLE_HEADERS: [&str; 8] = [
    "accept",
    "accept-language",
    "content-type",
    "cache-control",
    "content-language",
    "expires",
    "last-modified",
    "pragma",
];

/// What a request says about the page that sends it.
#[derive(Debug)]
pub struct CrossOrigin {
    /// The permitted origin, or `*` where all are.
    origin: HeaderValue,
    /// Of a preflight request: what the page wants to do, if it may.
    preflight: Option<Option<Preflight>>,
}

#[derive(Debug)]
struct Preflight {
    method: HeaderValue,
    headers: Vec<String>,
}

impl CrossOrigin {
    /// Reads a request; `None` when it comes from no other origin, or from one without permission.
    pub fn of(options: &Cors, method: &Method, headers: &HeaderMap) -> Option<Self> {
        if options.allowed_origin.is_empty() {
            return None;
        }
        let sent = headers.get(header::ORIGIN)?;
        let permits = |origin: &[u8]| {
            let mut permitted = options.allowed_origin.iter();
            permitted.any(|permitted| permitted.as_bytes() == origin)
        };
        let origin = if permits(sent.as_bytes()) {
            sent.clone()
        } else if permits(b"*") {
            HeaderValue::from_static("*")
        } else {
            return None;
        };
        let preflight = (method == Method::OPTIONS).then(|| Preflight::of(options, headers));
        Some(Self { origin, preflight })
    }

    /// Writes the permission into the answer.
    pub fn permit(self, options: &Cors, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        match self.preflight {
            // The page may not do what it wants to, and is told nothing.
            Some(None) => return,
            Some(Some(preflight)) => {
                if options.max_age != 0 {
                    let age = options.max_age.to_string();
                    set(header::ACCESS_CONTROL_MAX_AGE, &age);
                }
                if !preflight.headers.is_empty() {
                    let names = preflight.headers.join(",");
                    set(header::ACCESS_CONTROL_ALLOW_HEADERS, &names);
                }
                headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, preflight.method);
            }
            None if !options.expose_headers.is_empty() => {
                let names = options.expose_headers.join(",");
                set(header::ACCESS_CONTROL_EXPOSE_HEADERS, &names);
            }
            None => {}
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin);
        if options.allow_credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

impl Preflight {
    fn of(options: &Cors, headers: &HeaderMap) -> Option<Self> {
        let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        let mut permitted = options.allow_methods.iter();
        if !permitted.any(|permitted| permitted.as_bytes() == method.as_bytes()) {
            return None;
        }
        let wanted = match headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            None => "",
            Some(names) => names.to_str().ok()?,
        };
        let wanted: Vec<String> = wanted
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let is_permitted = |name: &String| {
            let further = options.allow_headers.iter().map(String::as_str);
            let mut names = SIMPLE_HEADERS.into_iter().chain(further);
            names.any(|permitted| permitted.eq_ignore_ascii_case(name))
        };
        wanted.iter().all(is_permitted).then(|| Self {
            method: method.clone(),
            headers: wanted,
        })
    }
}
