//! Trusts.

use super::{ADMIN, ADMIN_OR_SYSTEM_READER, Deprecated, PROJECT, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:create_trust",
        check: "user_id:%(target.trust.trustor_user_id)s",
        scopes: PROJECT,
        operations: &["POST /v3/OS-TRUST/trusts"],
        deprecated: None,
        description: "Create a trust as its trustor.",
    },
    RuleDefault {
        name: "identity:list_trusts",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-TRUST/trusts", "HEAD /v3/OS-TRUST/trusts"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List all trusts.",
    },
    RuleDefault {
        name: "identity:list_trusts_for_trustor",
        check: "(rule:admin_required) or (role:reader and system_scope:all or \
            user_id:%(target.trust.trustor_user_id)s)",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-TRUST/trusts?trustor_user_id={trustor_user_id}",
            "HEAD /v3/OS-TRUST/trusts?trustor_user_id={trustor_user_id}",
        ],
        deprecated: None,
        description: "List the trusts that a user gave.",
    },
    RuleDefault {
        name: "identity:list_trusts_for_trustee",
        check: "(rule:admin_required) or (role:reader and system_scope:all or \
            user_id:%(target.trust.trustee_user_id)s)",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-TRUST/trusts?trustee_user_id={trustee_user_id}",
            "HEAD /v3/OS-TRUST/trusts?trustee_user_id={trustee_user_id}",
        ],
        deprecated: None,
        description: "List the trusts that a user was given.",
    },
    RuleDefault {
        name: "identity:list_roles_for_trust",
        check: "(rule:admin_required) or (role:reader and system_scope:all or \
            user_id:%(target.trust.trustor_user_id)s or \
            user_id:%(target.trust.trustee_user_id)s)",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-TRUST/trusts/{trust_id}/roles",
            "HEAD /v3/OS-TRUST/trusts/{trust_id}/roles",
        ],
        deprecated: Some(Deprecated {
            check: "user_id:%(target.trust.trustor_user_id)s or \
            user_id:%(target.trust.trustee_user_id)s",
            since: "T",
        }),
        description: "List the roles that a trust delegates.",
    },
    RuleDefault {
        name: "identity:get_role_for_trust",
        check: "(rule:admin_required) or (role:reader and system_scope:all or \
            user_id:%(target.trust.trustor_user_id)s or \
            user_id:%(target.trust.trustee_user_id)s)",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-TRUST/trusts/{trust_id}/roles/{role_id}",
            "HEAD /v3/OS-TRUST/trusts/{trust_id}/roles/{role_id}",
        ],
        deprecated: Some(Deprecated {
            check: "user_id:%(target.trust.trustor_user_id)s or \
            user_id:%(target.trust.trustee_user_id)s",
            since: "T",
        }),
        description: "See whether a trust delegates a role.",
    },
    RuleDefault {
        name: "identity:delete_trust",
        check: "rule:admin_required or user_id:%(target.trust.trustor_user_id)s",
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/OS-TRUST/trusts/{trust_id}"],
        deprecated: Some(Deprecated {
            check: "user_id:%(target.trust.trustor_user_id)s",
            since: "T",
        }),
        description: "Withdraw a trust.",
    },
    RuleDefault {
        name: "identity:get_trust",
        check: "(rule:admin_required) or (role:reader and system_scope:all or \
            user_id:%(target.trust.trustor_user_id)s or \
            user_id:%(target.trust.trustee_user_id)s)",
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-TRUST/trusts/{trust_id}",
            "HEAD /v3/OS-TRUST/trusts/{trust_id}",
        ],
        deprecated: Some(Deprecated {
            check: "user_id:%(target.trust.trustor_user_id)s or \
            user_id:%(target.trust.trustee_user_id)s",
            since: "T",
        }),
        description: "See one trust.",
    },
];
