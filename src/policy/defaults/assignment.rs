//! Roles, grants and assignments.

use super::{ADMIN, ADMIN_OR_SYSTEM_READER, ALL, Deprecated, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:check_grant",
        check: "(rule:admin_required) or ((role:reader and system_scope:all) or ((role:reader \
            and domain_id:%(target.user.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:reader and \
            domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s) or \
            (role:reader and domain_id:%(target.group.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:reader and \
            domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s)) and \
            (domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s))",
        scopes: ALL,
        operations: &[
            "HEAD /v3/projects/{project_id}/users/{user_id}/roles/{role_id}",
            "GET /v3/projects/{project_id}/users/{user_id}/roles/{role_id}",
            "HEAD /v3/projects/{project_id}/groups/{group_id}/roles/{role_id}",
            "GET /v3/projects/{project_id}/groups/{group_id}/roles/{role_id}",
            "HEAD /v3/domains/{domain_id}/users/{user_id}/roles/{role_id}",
            "GET /v3/domains/{domain_id}/users/{user_id}/roles/{role_id}",
            "HEAD /v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}",
            "GET /v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}",
            "HEAD /v3/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            "GET /v3/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            "HEAD /v3/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
            "GET /v3/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
            "HEAD /v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            "GET /v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            "HEAD /v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
            "GET /v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See whether a user or group has a role on a project or domain, directly or by inheritance.",
    },
    RuleDefault {
        name: "identity:list_grants",
        check: "(rule:admin_required) or ((role:reader and system_scope:all) or (role:reader \
            and domain_id:%(target.user.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:reader and \
            domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s) or \
            (role:reader and domain_id:%(target.group.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:reader and \
            domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s))",
        scopes: ALL,
        operations: &[
            "GET /v3/projects/{project_id}/users/{user_id}/roles",
            "HEAD /v3/projects/{project_id}/users/{user_id}/roles",
            "GET /v3/projects/{project_id}/groups/{group_id}/roles",
            "HEAD /v3/projects/{project_id}/groups/{group_id}/roles",
            "GET /v3/domains/{domain_id}/users/{user_id}/roles",
            "HEAD /v3/domains/{domain_id}/users/{user_id}/roles",
            "GET /v3/domains/{domain_id}/groups/{group_id}/roles",
            "HEAD /v3/domains/{domain_id}/groups/{group_id}/roles",
            "GET /v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/inherited_to_projects",
            "GET /v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/inherited_to_projects",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List the roles that a user or group has on a project or domain.",
    },
    RuleDefault {
        name: "identity:create_grant",
        check: "(rule:admin_required) or ((role:admin and domain_id:%(target.user.domain_id)s \
            and domain_id:%(target.project.domain_id)s) or (role:admin and \
            domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s) or \
            (role:admin and domain_id:%(target.group.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:admin and \
            domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s)) and \
            (domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s) or \
            ((role:manager and domain_id:%(target.user.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:manager and \
            domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s) or \
            (role:manager and domain_id:%(target.group.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:manager and \
            domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s)) and \
            rule:domain_managed_target_role",
        scopes: ALL,
        operations: &[
            "PUT /v3/projects/{project_id}/users/{user_id}/roles/{role_id}",
            "PUT /v3/projects/{project_id}/groups/{group_id}/roles/{role_id}",
            "PUT /v3/domains/{domain_id}/users/{user_id}/roles/{role_id}",
            "PUT /v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}",
            "PUT /v3/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            "PUT /v3/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
            "PUT /v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            "PUT /v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Give a user or group a role on a project or domain.",
    },
    RuleDefault {
        name: "identity:revoke_grant",
        check: "(rule:admin_required) or ((role:admin and domain_id:%(target.user.domain_id)s \
            and domain_id:%(target.project.domain_id)s) or (role:admin and \
            domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s) or \
            (role:admin and domain_id:%(target.group.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:admin and \
            domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s)) and \
            (domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s) or \
            ((role:manager and domain_id:%(target.user.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:manager and \
            domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s) or \
            (role:manager and domain_id:%(target.group.domain_id)s and \
            domain_id:%(target.project.domain_id)s) or (role:manager and \
            domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s)) and \
            rule:domain_managed_target_role",
        scopes: ALL,
        operations: &[
            "DELETE /v3/projects/{project_id}/users/{user_id}/roles/{role_id}",
            "DELETE /v3/projects/{project_id}/groups/{group_id}/roles/{role_id}",
            "DELETE /v3/domains/{domain_id}/users/{user_id}/roles/{role_id}",
            "DELETE /v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}",
            "DELETE /v3/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            "DELETE /v3/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
            "DELETE /v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            "DELETE /v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Take a role on a project or domain from a user or group.",
    },
    RuleDefault {
        name: "identity:list_system_grants_for_user",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "HEAD /v3/system/users/{user_id}/roles",
            "GET /v3/system/users/{user_id}/roles",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List the roles that a user has on the system.",
    },
    RuleDefault {
        name: "identity:check_system_grant_for_user",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "HEAD /v3/system/users/{user_id}/roles/{role_id}",
            "GET /v3/system/users/{user_id}/roles/{role_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See whether a user has a role on the system.",
    },
    RuleDefault {
        name: "identity:create_system_grant_for_user",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/system/users/{user_id}/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Give a user a role on the system.",
    },
    RuleDefault {
        name: "identity:revoke_system_grant_for_user",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/system/users/{user_id}/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Take a role on the system from a user.",
    },
    RuleDefault {
        name: "identity:list_system_grants_for_group",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "HEAD /v3/system/groups/{group_id}/roles",
            "GET /v3/system/groups/{group_id}/roles",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List the roles that a group has on the system.",
    },
    RuleDefault {
        name: "identity:check_system_grant_for_group",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "HEAD /v3/system/groups/{group_id}/roles/{role_id}",
            "GET /v3/system/groups/{group_id}/roles/{role_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See whether a group has a role on the system.",
    },
    RuleDefault {
        name: "identity:create_system_grant_for_group",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/system/groups/{group_id}/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Give a group a role on the system.",
    },
    RuleDefault {
        name: "identity:revoke_system_grant_for_group",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/system/groups/{group_id}/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Take a role on the system from a group.",
    },
    RuleDefault {
        name: "identity:get_implied_role",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/roles/{prior_role_id}/implies/{implied_role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See one implication between two roles.",
    },
    RuleDefault {
        name: "identity:list_implied_roles",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/roles/{prior_role_id}/implies",
            "HEAD /v3/roles/{prior_role_id}/implies",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the roles that a role implies.",
    },
    RuleDefault {
        name: "identity:create_implied_role",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/roles/{prior_role_id}/implies/{implied_role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Let a role imply another.",
    },
    RuleDefault {
        name: "identity:delete_implied_role",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/roles/{prior_role_id}/implies/{implied_role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Remove an implication between two roles.",
    },
    RuleDefault {
        name: "identity:list_role_inference_rules",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/role_inferences", "HEAD /v3/role_inferences"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List all implications between roles.",
    },
    RuleDefault {
        name: "identity:check_implied_role",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["HEAD /v3/roles/{prior_role_id}/implies/{implied_role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See whether a role implies another.",
    },
    RuleDefault {
        name: "identity:get_role",
        check: "(rule:admin_required or (role:reader and system_scope:all)) or (role:manager \
            and rule:domain_managed_target_role)",
        scopes: ALL,
        operations: &["GET /v3/roles/{role_id}", "HEAD /v3/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one global role.",
    },
    RuleDefault {
        name: "identity:list_roles",
        check: "(rule:admin_required or (role:reader and system_scope:all)) or (role:manager \
            and not domain_id:None)",
        scopes: ALL,
        operations: &["GET /v3/roles", "HEAD /v3/roles"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List global roles.",
    },
    RuleDefault {
        name: "identity:create_role",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/roles"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Create a global role.",
    },
    RuleDefault {
        name: "identity:update_role",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a global role.",
    },
    RuleDefault {
        name: "identity:delete_role",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a global role.",
    },
    RuleDefault {
        name: "identity:get_domain_role",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/roles/{role_id}", "HEAD /v3/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See one role of a domain.",
    },
    RuleDefault {
        name: "identity:list_domain_roles",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/roles?domain_id={domain_id}",
            "HEAD /v3/roles?domain_id={domain_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the roles of a domain.",
    },
    RuleDefault {
        name: "identity:create_domain_role",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/roles"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Create a role inside a domain.",
    },
    RuleDefault {
        name: "identity:update_domain_role",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Change a role of a domain.",
    },
    RuleDefault {
        name: "identity:delete_domain_role",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/roles/{role_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Delete a role of a domain.",
    },
    RuleDefault {
        name: "identity:list_role_assignments",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.domain_id)s and not None:%(target.domain_id)s)",
        scopes: ALL,
        operations: &["GET /v3/role_assignments", "HEAD /v3/role_assignments"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List role assignments.",
    },
    RuleDefault {
        name: "identity:list_role_assignments_for_tree",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.domain_id)s and not None:%(target.domain_id)s)",
        scopes: ALL,
        operations: &[
            "GET /v3/role_assignments?include_subtree",
            "HEAD /v3/role_assignments?include_subtree",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the role assignments on a project and all below it.",
    },
];
