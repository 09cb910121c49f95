//! OAuth1 consumers and tokens.

use super::{ADMIN, ADMIN_OR_SYSTEM_READER, Deprecated, PROJECT, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:authorize_request_token",
        check: ADMIN,
        scopes: PROJECT,
        operations: &["PUT /v3/OS-OAUTH1/authorize/{request_token_id}"],
        deprecated: None,
        description: "Approve an OAuth1 request token.",
    },
    RuleDefault {
        name: "identity:get_access_token",
        check: ADMIN,
        scopes: PROJECT,
        operations: &["GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}"],
        deprecated: None,
        description: "See one of a user's OAuth1 access tokens.",
    },
    RuleDefault {
        name: "identity:get_access_token_role",
        check: ADMIN,
        scopes: PROJECT,
        operations: &[
            "GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles/{role_id}",
        ],
        deprecated: None,
        description: "See one role that an OAuth1 access token delegates.",
    },
    RuleDefault {
        name: "identity:list_access_tokens",
        check: ADMIN,
        scopes: PROJECT,
        operations: &["GET /v3/users/{user_id}/OS-OAUTH1/access_tokens"],
        deprecated: None,
        description: "List a user's OAuth1 access tokens.",
    },
    RuleDefault {
        name: "identity:list_access_token_roles",
        check: ADMIN,
        scopes: PROJECT,
        operations: &["GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles"],
        deprecated: None,
        description: "List the roles that an OAuth1 access token delegates.",
    },
    RuleDefault {
        name: "identity:delete_access_token",
        check: ADMIN,
        scopes: PROJECT,
        operations: &["DELETE /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}"],
        deprecated: None,
        description: "Withdraw one of a user's OAuth1 access tokens.",
    },
    RuleDefault {
        name: "identity:get_consumer",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-OAUTH1/consumers/{consumer_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See one OAuth1 consumer.",
    },
    RuleDefault {
        name: "identity:list_consumers",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-OAUTH1/consumers"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List OAuth1 consumers.",
    },
    RuleDefault {
        name: "identity:create_consumer",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/OS-OAUTH1/consumers"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Register an OAuth1 consumer.",
    },
    RuleDefault {
        name: "identity:update_consumer",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/OS-OAUTH1/consumers/{consumer_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Change an OAuth1 consumer.",
    },
    RuleDefault {
        name: "identity:delete_consumer",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/OS-OAUTH1/consumers/{consumer_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Delete an OAuth1 consumer and its tokens.",
    },
];
