//! Endpoint URL templates: `http://host/v1/$(project_id)s`.

use crate::model::{ProjectId, UserId};

/// What the templates of one token's catalog are filled with.
pub struct UrlContext<'a> {
    pub user_id: &'a UserId,
    /// `None` for domain and system tokens: templates that want it drop out of their catalogs.
    pub project_id: Option<&'a ProjectId>,
    /// `[DEFAULT] public_endpoint`.
    pub public_endpoint: Option<&'a str>,
}

impl UrlContext<'_> {
    /// The template with its names replaced; `None` when it is malformed, or names what this token
    /// does not have. Such an endpoint is left out of the catalog.
    pub fn fill(&self, template: &str) -> Option<String> {
        let mut url = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some(at) = rest.find(['$', '%']) {
            url.push_str(&rest[..at]);
            let sign = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(reference) = rest.strip_prefix('(') {
                let (name, after) = reference.split_once(')')?;
                rest = after.strip_prefix('s')?;
                url.push_str(self.value(name)?);
            } else if sign == "$" {
                url.push('$');
            } else {
                // `%%` stands for one percent sign; any other use is no valid template.
                rest = rest.strip_prefix('%')?;
                url.push('%');
            }
        }
        url.push_str(rest);
        Some(url)
    }

    fn value(&self, name: &str) -> Option<&str> {
        match name {
            "project_id" | "tenant_id" => self.project_id.map(|id| id.as_str()),
            "user_id" => Some(self.user_id),
            "public_endpoint" => self.public_endpoint,
            _ => None,
        }
    }
}

/// The names that a template may have when an endpoint is created.
const KNOWN_NAMES: [&str; 5] = [
    "project_id",
    "tenant_id",
    "user_id",
    "public_endpoint",
    "compute_host",
];

/// Whether a template is well formed and uses known names only.
pub fn is_valid_template(template: &str) -> bool {
    let mut rest = template;
    while let Some(at) = rest.find(['$', '%']) {
        let is_percent = rest[at..].starts_with('%');
        rest = &rest[at + 1..];
        if let Some(reference) = rest.strip_prefix('(') {
            let Some((name, after)) = reference.split_once(')') else {
                return false;
            };
            let Some(after) = after.strip_prefix('s') else {
                return false;
            };
            if !KNOWN_NAMES.contains(&name) {
                return false;
            }
            rest = after;
        } else if is_percent {
            let Some(after) = rest.strip_prefix('%') else {
                return false;
            };
            rest = after;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, project: Option<&str>) -> Option<String> {
        let user_id = UserId::from("u1");
        let project_id = project.map(ProjectId::from);
        UrlContext {
            user_id: &user_id,
            project_id: project_id.as_ref(),
            public_endpoint: None,
        }
        .fill(template)
    }

    #[test]
    fn both_spellings_of_a_template_are_filled() {
        assert_eq!(
            fill("http://h/$(project_id)s/x", Some("p1")).as_deref(),
            Some("http://h/p1/x")
        );
        assert_eq!(
            fill("http://h/%(tenant_id)s", Some("p1")).as_deref(),
            Some("http://h/p1")
        );
        assert_eq!(
            fill("http://h/AUTH_$(user_id)s", None).as_deref(),
            Some("http://h/AUTH_u1")
        );
    }

    #[test]
    fn an_endpoint_that_needs_a_project_has_no_url_without_one() {
        assert_eq!(fill("http://h/$(project_id)s", None), None);
    }

    #[test]
    fn malformed_templates_have_no_url() {
        for template in [
            "http://h/$(project_id",
            "http://h/%(project_id)d",
            "http://h/%x",
            "http://h/$(nope)s",
        ] {
            assert_eq!(fill(template, Some("p1")), None, "{template}");
        }
        assert_eq!(
            fill("http://h/100%%", None).as_deref(),
            Some("http://h/100%")
        );
    }

    #[test]
    fn creation_accepts_known_names_only() {
        assert!(is_valid_template("http://h/$(project_id)s/%(user_id)s"));
        assert!(!is_valid_template("http://h/$(password)s"));
        assert!(!is_valid_template("http://h/$(project_id"));
    }
}
