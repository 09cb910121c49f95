//! Building blocks that the API rules refer to.

use super::{ANY, RuleDefault};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "admin_required",
        check: "role:admin or is_admin:1",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "Holds the admin role, or calls with the configured admin_token.",
    },
    RuleDefault {
        name: "service_role",
        check: "role:service",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "Holds the service role, as the other OpenStack services do.",
    },
    RuleDefault {
        name: "service_or_admin",
        check: "rule:admin_required or rule:service_role",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "Is an administrator or a service.",
    },
    RuleDefault {
        name: "owner",
        check: "user_id:%(user_id)s",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "Is the user that the request's path names.",
    },
    RuleDefault {
        name: "admin_or_owner",
        check: "rule:admin_required or rule:owner",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "Is an administrator or the user that the path names.",
    },
    RuleDefault {
        name: "token_subject",
        check: "user_id:%(target.token.user_id)s",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "Is the user of the token in X-Subject-Token.",
    },
    RuleDefault {
        name: "admin_or_token_subject",
        check: "rule:admin_required or rule:token_subject",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "Is an administrator or the user of the subject token.",
    },
    RuleDefault {
        name: "service_admin_or_token_subject",
        check: "rule:service_or_admin or rule:token_subject",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "Is a service, an administrator or the user of the subject token.",
    },
    RuleDefault {
        name: "domain_managed_target_role",
        check: "'manager':%(target.role.name)s or 'member':%(target.role.name)s or \
            'reader':%(target.role.name)s",
        scopes: ANY,
        operations: &[],
        deprecated: None,
        description: "The role in question is one that domain managers may hand out.",
    },
];
