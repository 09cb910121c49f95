//! Single sign-on of a dashboard: a page that sends a token from the browser to the dashboard.

use crate::api::context::Context;
use crate::api::response;
use crate::config::{Config, Origin};
use crate::error::{Error, Result};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use std::io::ErrorKind;

/// The page, where the operator has none of its own.
const PAGE: &str = include_str!("websso/page.html");

/// The dashboard that a request names as its origin, and that the operator trusts.
///
/// # Errors
/// 400 without an origin; 401 for any other dashboard.
pub(super) fn dashboard(ctx: &Context) -> Result<String> {
    let origin = ctx.query.get("origin").filter(|origin| !origin.is_empty());
    let origin = origin
        .ok_or_else(|| Error::bad_request("The query must name the 'origin' of the sign-on."))?;
    // Dashboards escape it twice.
    let spaced = origin.replace('+', " ");
    let origin = percent_decode_str(&spaced).decode_utf8_lossy();
    let trusted = &ctx.settings.config.federation.trusted_dashboard;
    match trusted.iter().any(|one| with_lower_host(one) == *origin) {
        true => Ok(origin.into_owned()),
        false => Err(Error::unauthorized(format!(
            "{origin} is not a trusted dashboard"
        ))),
    }
}

/// An address with its host in lower case, as browsers write it.
fn with_lower_host(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    format!("{scheme}://{}{path}", authority.to_lowercase())
}

/// The page that posts a token to a dashboard.
///
/// # Errors
/// 500 when the operator's template can't be read.
pub(super) async fn page(ctx: &Context, dashboard: &str, token: &str) -> Result<Response> {
    let template = template(&ctx.settings.config).await?;
    let text = filled(&template, |name| match name {
        "host" => Some(escaped(dashboard)),
        "token" => Some(escaped(token)),
        _ => None,
    });
    Ok(response::page_once(text))
}

/// `[federation] sso_callback_template`. Its default need not be there.
async fn template(config: &Config) -> Result<String> {
    let path = &config.federation.sso_callback_template;
    let is_default = matches!(
        config.origin("federation", "sso_callback_template"),
        Origin::Default | Origin::Fallback
    );
    match tokio::fs::read_to_string(path).await {
        Ok(text) => Ok(text),
        Err(error) if is_default && error.kind() == ErrorKind::NotFound => Ok(PAGE.to_owned()),
        Err(error) => Err(Error::internal(format!(
            "[federation] sso_callback_template: {}: {error}",
            path.display()
        ))),
    }
}

/// A template with its `$name` and `${name}` replaced, as Python's templates have them: `$$` is a
/// dollar sign. What is no known name stays as it is.
fn filled(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::with_capacity(template.len() + 1024);
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(left) = after.strip_prefix('$') {
            text.push('$');
            rest = left;
            continue;
        }
        let (name, left) = name_at(after);
        match value(name) {
            Some(value) => {
                text.push_str(&value);
                rest = left;
            }
            None => {
                text.push('$');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

/// The name at the start of a text, in braces or not, and what follows it.
fn name_at(text: &str) -> (&str, &str) {
    let (inner, in_braces) = match text.strip_prefix('{') {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
    let (name, left) = inner.split_at(end);
    match (in_braces, left.strip_prefix('}')) {
        (false, _) => (name, left),
        (true, Some(left)) => (name, left),
        (true, None) => ("", text),
    }
}

/// Text as it can stand anywhere in HTML, quoted or not.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fill(template: &str) -> String {
        filled(template, |name| match name {
            "host" => Some("H".to_owned()),
            "token" => Some("$host".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn templates_are_those_of_python() {
        for (template, text) in [
            ("", ""),
            ("$host", "H"),
            ("${host}x$host.", "HxH."),
            ("$hosts $ ${host $", "$hosts $ ${host $"),
            ("$$host $$$host", "$host $H"),
            // What is filled in is not looked at again.
            ("<$token>", "<$host>"),
            ("$(document) é$host", "$(document) éH"),
        ] {
            assert_eq!(fill(template), text, "{template}");
        }
        assert_eq!(fill(PAGE).matches("$host").count(), 1);
    }

    #[test]
    fn hosts_of_dashboards_are_compared_in_lower_case() {
        let lower = |address| with_lower_host(address);
        assert_eq!(
            lower("https://Dash.Example/Auth"),
            "https://dash.example/Auth"
        );
        assert_eq!(lower("https://Dash?X"), "https://dash?X");
        assert_eq!(lower("Dash"), "Dash");
    }

    proptest! {
        #[test]
        fn nothing_gets_out_of_its_quotes(text in "\\PC{0,60}") {
            let escaped = escaped(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn no_template_panics(template in "[$a-z{}é ]{0,40}") {
            let _ = fill(&template);
        }
    }
}
