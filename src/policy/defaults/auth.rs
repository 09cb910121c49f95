//! Tokens, what a token can reach, and revocation.

use super::{ADMIN_OR_OWNER, ALL, ANY, Deprecated, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:get_auth_catalog",
        check: "",
        scopes: ANY,
        operations: &["GET /v3/auth/catalog", "HEAD /v3/auth/catalog"],
        deprecated: None,
        description: "See the service catalog of one's own token.",
    },
    RuleDefault {
        name: "identity:get_auth_projects",
        check: "",
        scopes: ANY,
        operations: &["GET /v3/auth/projects", "HEAD /v3/auth/projects"],
        deprecated: None,
        description: "List the projects that one can get a token for.",
    },
    RuleDefault {
        name: "identity:get_auth_domains",
        check: "",
        scopes: ANY,
        operations: &["GET /v3/auth/domains", "HEAD /v3/auth/domains"],
        deprecated: None,
        description: "List the domains that one can get a token for.",
    },
    RuleDefault {
        name: "identity:get_auth_system",
        check: "",
        scopes: ANY,
        operations: &["GET /v3/auth/system", "HEAD /v3/auth/system"],
        deprecated: None,
        description: "See whether one can get a token for the system.",
    },
    RuleDefault {
        name: "identity:list_revoke_events",
        check: "rule:service_or_admin",
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-REVOKE/events"],
        deprecated: None,
        description: "List the events by which tokens were revoked.",
    },
    RuleDefault {
        name: "identity:revocation_list",
        check: "rule:service_or_admin",
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/auth/tokens/OS-PKI/revoked"],
        deprecated: None,
        description: "See the signed list of revoked PKI tokens.",
    },
    RuleDefault {
        name: "identity:check_token",
        check: "rule:admin_required or (role:reader and system_scope:all) or rule:token_subject",
        scopes: ALL,
        operations: &["HEAD /v3/auth/tokens"],
        deprecated: Some(Deprecated {
            check: "rule:admin_or_token_subject",
            since: "T",
        }),
        description: "See whether a token is valid.",
    },
    RuleDefault {
        name: "identity:validate_token",
        check: "rule:admin_required or (role:reader and system_scope:all) or rule:service_role \
            or rule:token_subject",
        scopes: ALL,
        operations: &["GET /v3/auth/tokens"],
        deprecated: Some(Deprecated {
            check: "rule:service_admin_or_token_subject",
            since: "T",
        }),
        description: "Validate a token and see what it says.",
    },
    RuleDefault {
        name: "identity:revoke_token",
        check: "rule:admin_required or rule:token_subject",
        scopes: ALL,
        operations: &["DELETE /v3/auth/tokens"],
        deprecated: Some(Deprecated {
            check: "rule:admin_or_token_subject",
            since: "T",
        }),
        description: "Revoke a token.",
    },
    RuleDefault {
        name: "identity:revoke_tokens_for_user",
        check: ADMIN_OR_OWNER,
        scopes: ALL,
        operations: &["DELETE /v3/users/{user_id}/tokens"],
        deprecated: None,
        description: "Revoke all tokens of a user.",
    },
];
