//! Stored credentials, EC2 key pairs and signature checks.

use super::{ADMIN, ADMIN_OR_OWNER, ALL, Deprecated, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:get_credential",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or \
            user_id:%(target.credential.user_id)s",
        scopes: ALL,
        operations: &["GET /v3/credentials/{credential_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one stored credential.",
    },
    RuleDefault {
        name: "identity:list_credentials",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or \
            user_id:%(target.credential.user_id)s",
        scopes: ALL,
        operations: &["GET /v3/credentials"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List stored credentials; each one listed must pass identity:get_credential too.",
    },
    RuleDefault {
        name: "identity:create_credential",
        check: "(rule:admin_required) or user_id:%(target.credential.user_id)s",
        scopes: ALL,
        operations: &["POST /v3/credentials"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Store a credential for a user.",
    },
    RuleDefault {
        name: "identity:update_credential",
        check: "(rule:admin_required) or user_id:%(target.credential.user_id)s",
        scopes: ALL,
        operations: &["PATCH /v3/credentials/{credential_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a stored credential.",
    },
    RuleDefault {
        name: "identity:delete_credential",
        check: "(rule:admin_required) or user_id:%(target.credential.user_id)s",
        scopes: ALL,
        operations: &["DELETE /v3/credentials/{credential_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a stored credential.",
    },
    RuleDefault {
        name: "identity:ec2_get_credential",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or \
            user_id:%(target.credential.user_id)s",
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/users/{user_id}/credentials/OS-EC2/{credential_id}"],
        deprecated: Some(Deprecated {
            check: "rule:admin_required or (rule:owner and user_id:%(target.credential.user_id)s)",
            since: "T",
        }),
        description: "See one EC2 key pair of a user.",
    },
    RuleDefault {
        name: "identity:ec2_list_credentials",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or rule:owner",
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/users/{user_id}/credentials/OS-EC2"],
        deprecated: Some(Deprecated {
            check: ADMIN_OR_OWNER,
            since: "T",
        }),
        description: "List a user's EC2 key pairs.",
    },
    RuleDefault {
        name: "identity:ec2_create_credential",
        check: "(rule:admin_required) or (role:member and user_id:%(target.credential.user_id)s)",
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/users/{user_id}/credentials/OS-EC2"],
        deprecated: Some(Deprecated {
            check: ADMIN_OR_OWNER,
            since: "T",
        }),
        description: "Make an EC2 key pair for a user.",
    },
    RuleDefault {
        name: "identity:ec2_delete_credential",
        check: "(rule:admin_required) or (role:member and user_id:%(target.credential.user_id)s)",
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/users/{user_id}/credentials/OS-EC2/{credential_id}"],
        deprecated: Some(Deprecated {
            check: "rule:admin_required or (rule:owner and user_id:%(target.credential.user_id)s)",
            since: "T",
        }),
        description: "Delete an EC2 key pair of a user.",
    },
    RuleDefault {
        name: "identity:s3tokens_validate",
        check: "rule:service_or_admin",
        scopes: ALL,
        operations: &["POST /v3/s3tokens"],
        deprecated: None,
        description: "Let a service check the signature of an S3 request.",
    },
    RuleDefault {
        name: "identity:ec2tokens_validate",
        check: "rule:service_or_admin",
        scopes: ALL,
        operations: &["POST /v3/ec2tokens"],
        deprecated: None,
        description: "Let a service check the signature of an EC2 request.",
    },
];
