//! Application credentials and their access rules.

use super::{ADMIN_OR_OWNER, Deprecated, PROJECT, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:get_access_rule",
        check: "(role:reader and system_scope:all) or user_id:%(target.user.id)s",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/users/{user_id}/access_rules/{access_rule_id}",
            "HEAD /v3/users/{user_id}/access_rules/{access_rule_id}",
        ],
        deprecated: None,
        description: "See one access rule of a user.",
    },
    RuleDefault {
        name: "identity:list_access_rules",
        check: "(role:reader and system_scope:all) or user_id:%(target.user.id)s",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/users/{user_id}/access_rules",
            "HEAD /v3/users/{user_id}/access_rules",
        ],
        deprecated: None,
        description: "List a user's access rules.",
    },
    RuleDefault {
        name: "identity:delete_access_rule",
        check: "(role:admin and system_scope:all) or user_id:%(target.user.id)s",
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/users/{user_id}/access_rules/{access_rule_id}"],
        deprecated: None,
        description: "Delete an access rule that no application credential uses.",
    },
    RuleDefault {
        name: "identity:get_application_credential",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or rule:owner",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/users/{user_id}/application_credentials/{application_credential_id}",
            "HEAD /v3/users/{user_id}/application_credentials/{application_credential_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN_OR_OWNER,
            since: "T",
        }),
        description: "See one application credential of a user.",
    },
    RuleDefault {
        name: "identity:list_application_credentials",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or rule:owner",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/users/{user_id}/application_credentials",
            "HEAD /v3/users/{user_id}/application_credentials",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN_OR_OWNER,
            since: "T",
        }),
        description: "List a user's application credentials.",
    },
    RuleDefault {
        name: "identity:create_application_credential",
        check: "user_id:%(user_id)s",
        scopes: PROJECT,
        operations: &["POST /v3/users/{user_id}/application_credentials"],
        deprecated: None,
        description: "Make an application credential for oneself.",
    },
    RuleDefault {
        name: "identity:delete_application_credential",
        check: ADMIN_OR_OWNER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "DELETE /v3/users/{user_id}/application_credentials/{application_credential_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN_OR_OWNER,
            since: "T",
        }),
        description: "Delete an application credential of a user.",
    },
];
