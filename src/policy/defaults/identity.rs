//! Users and groups.

use super::{ADMIN, ADMIN_OR_OWNER, ALL, Deprecated, RuleDefault};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:get_group",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.group.domain_id)s)",
        scopes: ALL,
        operations: &["GET /v3/groups/{group_id}", "HEAD /v3/groups/{group_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one group.",
    },
    RuleDefault {
        name: "identity:list_groups",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.group.domain_id)s)",
        scopes: ALL,
        operations: &["GET /v3/groups", "HEAD /v3/groups"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List groups.",
    },
    RuleDefault {
        name: "identity:list_groups_for_user",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.user.domain_id)s) or user_id:%(user_id)s",
        scopes: ALL,
        operations: &[
            "GET /v3/users/{user_id}/groups",
            "HEAD /v3/users/{user_id}/groups",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN_OR_OWNER,
            since: "S",
        }),
        description: "List the groups that a user is in.",
    },
    RuleDefault {
        name: "identity:create_group",
        check: "(rule:admin_required) or (role:manager and domain_id:%(target.group.domain_id)s)",
        scopes: ALL,
        operations: &["POST /v3/groups"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Create a group.",
    },
    RuleDefault {
        name: "identity:update_group",
        check: "(rule:admin_required) or (role:manager and domain_id:%(target.group.domain_id)s)",
        scopes: ALL,
        operations: &["PATCH /v3/groups/{group_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a group.",
    },
    RuleDefault {
        name: "identity:delete_group",
        check: "(rule:admin_required) or (role:manager and domain_id:%(target.group.domain_id)s)",
        scopes: ALL,
        operations: &["DELETE /v3/groups/{group_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a group.",
    },
    RuleDefault {
        name: "identity:list_users_in_group",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.group.domain_id)s)",
        scopes: ALL,
        operations: &[
            "GET /v3/groups/{group_id}/users",
            "HEAD /v3/groups/{group_id}/users",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List the members of a group.",
    },
    RuleDefault {
        name: "identity:remove_user_from_group",
        check: "(rule:admin_required) or (role:manager and domain_id:%(target.group.domain_id)s \
            and domain_id:%(target.user.domain_id)s)",
        scopes: ALL,
        operations: &["DELETE /v3/groups/{group_id}/users/{user_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Take a user out of a group.",
    },
    RuleDefault {
        name: "identity:check_user_in_group",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)",
        scopes: ALL,
        operations: &[
            "HEAD /v3/groups/{group_id}/users/{user_id}",
            "GET /v3/groups/{group_id}/users/{user_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See whether a user is in a group.",
    },
    RuleDefault {
        name: "identity:add_user_to_group",
        check: "(rule:admin_required) or (role:manager and domain_id:%(target.group.domain_id)s \
            and domain_id:%(target.user.domain_id)s)",
        scopes: ALL,
        operations: &["PUT /v3/groups/{group_id}/users/{user_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Put a user into a group.",
    },
    RuleDefault {
        name: "identity:get_user",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            token.domain.id:%(target.user.domain_id)s) or user_id:%(target.user.id)s",
        scopes: ALL,
        operations: &["GET /v3/users/{user_id}", "HEAD /v3/users/{user_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN_OR_OWNER,
            since: "S",
        }),
        description: "See one user.",
    },
    RuleDefault {
        name: "identity:list_users",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.domain_id)s)",
        scopes: ALL,
        operations: &["GET /v3/users", "HEAD /v3/users"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List users.",
    },
    RuleDefault {
        name: "identity:create_user",
        check: "(rule:admin_required) or (role:manager and \
            token.domain.id:%(target.user.domain_id)s)",
        scopes: ALL,
        operations: &["POST /v3/users"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Create a user.",
    },
    RuleDefault {
        name: "identity:update_user",
        check: "(rule:admin_required) or (role:manager and \
            token.domain.id:%(target.user.domain_id)s)",
        scopes: ALL,
        operations: &["PATCH /v3/users/{user_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a user.",
    },
    RuleDefault {
        name: "identity:delete_user",
        check: "(rule:admin_required) or (role:manager and \
            token.domain.id:%(target.user.domain_id)s)",
        scopes: ALL,
        operations: &["DELETE /v3/users/{user_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a user.",
    },
];
