//! Unified limits.

use super::{ADMIN, ALL, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:get_limit_model",
        check: "",
        scopes: ALL,
        operations: &["GET /v3/limits/model", "HEAD /v3/limits/model"],
        deprecated: None,
        description: "See which model of limits is in force.",
    },
    RuleDefault {
        name: "identity:get_limit",
        check: "rule:admin_required or (role:reader and system_scope:all) or \
            (domain_id:%(target.limit.domain.id)s or \
            domain_id:%(target.limit.project.domain_id)s) or \
            (project_id:%(target.limit.project_id)s and not \
            None:%(target.limit.project_id)s)",
        scopes: ALL,
        operations: &["GET /v3/limits/{limit_id}", "HEAD /v3/limits/{limit_id}"],
        deprecated: None,
        description: "See the limit of one project or domain on a resource.",
    },
    RuleDefault {
        name: "identity:list_limits",
        check: "",
        scopes: ALL,
        operations: &["GET /v3/limits", "HEAD /v3/limits"],
        deprecated: None,
        description: "List the limits of projects and domains.",
    },
    RuleDefault {
        name: "identity:create_limits",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/limits"],
        deprecated: None,
        description: "Set limits of projects and domains.",
    },
    RuleDefault {
        name: "identity:update_limit",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/limits/{limit_id}"],
        deprecated: None,
        description: "Change the limit of a project or domain.",
    },
    RuleDefault {
        name: "identity:delete_limit",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/limits/{limit_id}"],
        deprecated: None,
        description: "Remove the limit of a project or domain, back to the registered default.",
    },
    RuleDefault {
        name: "identity:get_registered_limit",
        check: "",
        scopes: ALL,
        operations: &[
            "GET /v3/registered_limits/{registered_limit_id}",
            "HEAD /v3/registered_limits/{registered_limit_id}",
        ],
        deprecated: None,
        description: "See one registered limit.",
    },
    RuleDefault {
        name: "identity:list_registered_limits",
        check: "",
        scopes: ALL,
        operations: &["GET /v3/registered_limits", "HEAD /v3/registered_limits"],
        deprecated: None,
        description: "List registered limits.",
    },
    RuleDefault {
        name: "identity:create_registered_limits",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/registered_limits"],
        deprecated: None,
        description: "Register default limits of a service's resources.",
    },
    RuleDefault {
        name: "identity:update_registered_limit",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/registered_limits/{registered_limit_id}"],
        deprecated: None,
        description: "Change a registered limit.",
    },
    RuleDefault {
        name: "identity:delete_registered_limit",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/registered_limits/{registered_limit_id}"],
        deprecated: None,
        description: "Delete a registered limit.",
    },
];
