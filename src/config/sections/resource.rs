//! Domains, projects, roles, the catalog, limits.

use crate::config::field::{choices, section};
use crate::config::option::{default, unset};

choices! {
    /// Whether names may hold characters that URLs reserve.
    UrlSafe {
        /// They may.
        Off = "off",
        /// New names may not.
        New = "new",
        /// As `New`, and nobody logs in by such a name.
        Strict = "strict",
    }

    /// How the limits of a project and of those below it add up.
    EnforcementModel {
        /// They don't.
        Flat = "flat",
        /// At most two levels, and the sum below must fit into what stands above.
        StrictTwoLevel = "strict_two_level",
    }
}

section! {
    /// Role assignments.
    Assignment in "assignment" {
        /// Where assignments are kept.
        driver: String = default("sql");

        /// Names of roles that no other role may imply.
        prohibited_implied_role: Vec<String> = default("admin");
    }
}

section! {
    /// Domains and projects.
    Resource in "resource" {
        /// Where domains and projects are kept.
        driver: String = default("sql");

        /// Cache what this group reads.
        caching: bool = default("true").deprecated(&[("assignment", "caching")]);

        /// Seconds that cached domains and projects stay valid; unset means
        /// `[cache] expiration_time`.
        cache_time: Option<i64> = unset().deprecated(&[("assignment", "cache_time")]);

        /// Most domains or projects that one response returns.
        list_limit: Option<i64> = unset().deprecated(&[("assignment", "list_limit")]);

        /// Name of the domain of admin_project_name.
        admin_project_domain_name: Option<String> = unset();

        /// Project whose tokens say is_admin_project.
        admin_project_name: Option<String> = unset();

        /// Whether project names may hold characters that URLs reserve: off allows them, new
        /// refuses new ones, strict refuses logins, too.
        project_name_url_safe: UrlSafe = default("off");

        /// As project_name_url_safe, for domains.
        domain_name_url_safe: UrlSafe = default("off");
    }
}

section! {
    /// Roles.
    Role in "role" {
        /// Where roles are kept; unset means where assignments are kept.
        driver: Option<String> = unset();

        /// Cache what this group reads.
        caching: bool = default("true");

        /// Seconds that cached roles stay valid; unset means `[cache] expiration_time`.
        cache_time: Option<i64> = unset();

        /// Most roles that one response returns.
        list_limit: Option<i64> = unset();
    }
}

section! {
    /// Regions, services and endpoints.
    Catalog in "catalog" {
        /// Where the catalog is kept: `sql`, or `templated` for a file that is only read, as old releases
        /// had it. `endpoint_filter.sql` means `sql`.
        driver: String = default("sql");

        /// The file of the `templated` driver. One that is not absolute is looked for in the folder of
        /// the configuration.
        template_file: String = default("default_catalog.templates");

        /// Cache what this group reads.
        caching: bool = default("true");

        /// Seconds that a cached catalog stays valid; unset means `[cache] expiration_time`.
        cache_time: Option<i64> = unset();

        /// Most entries that one response returns.
        list_limit: Option<i64> = unset();
    }
}

section! {
    /// Endpoints that are shown to single projects.
    EndpointFilter in "endpoint_filter" {
        /// Where these associations are kept.
        driver: String = default("sql");

        /// Show all endpoints to a project that has no association.
        return_all_endpoints_if_no_filter: bool = default("true");
    }
}

section! {
    /// Policies of single endpoints.
    EndpointPolicy in "endpoint_policy" {
        /// Where these associations are kept.
        driver: String = default("sql");
    }
}

section! {
    /// Policies stored for other services.
    Policy in "policy" {
        /// Where policies are kept.
        driver: String = default("sql");

        /// Most policies that one response returns.
        list_limit: Option<i64> = unset();
    }
}

section! {
    /// Limits of resources for all services.
    UnifiedLimit in "unified_limit" {
        /// Where limits are kept.
        driver: String = default("sql");

        /// Cache what this group reads.
        caching: bool = default("true");

        /// Seconds that cached limits stay valid; unset means `[cache] expiration_time`.
        cache_time: Option<i64> = unset();

        /// Most limits that one response returns.
        list_limit: Option<i64> = unset();

        /// How the limits of a project and of those below it add up.
        enforcement_model: EnforcementModel = default("flat");
    }
}
