//! Domains, projects and domain configuration.

use super::{
    ADMIN, ADMIN_OR_OWNER, ADMIN_OR_SYSTEM_READER, ALL, Deprecated, RuleDefault, SYSTEM_PROJECT,
};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:get_domain",
        check: "rule:admin_required or (role:reader and system_scope:all) or \
            token.domain.id:%(target.domain.id)s or \
            token.project.domain.id:%(target.domain.id)s",
        scopes: ALL,
        operations: &["GET /v3/domains/{domain_id}"],
        deprecated: Some(Deprecated {
            check: "rule:admin_required or token.project.domain.id:%(target.domain.id)s",
            since: "S",
        }),
        description: "See one domain.",
    },
    RuleDefault {
        name: "identity:list_domains",
        check: "rule:admin_required or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.domain.id)s)",
        scopes: ALL,
        operations: &["GET /v3/domains"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List domains.",
    },
    RuleDefault {
        name: "identity:create_domain",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/domains"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Create a domain.",
    },
    RuleDefault {
        name: "identity:update_domain",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/domains/{domain_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a domain.",
    },
    RuleDefault {
        name: "identity:delete_domain",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/domains/{domain_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a disabled domain and all that it holds.",
    },
    RuleDefault {
        name: "identity:create_domain_config",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/domains/{domain_id}/config"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Set a domain's own configuration, replacing what was there.",
    },
    RuleDefault {
        name: "identity:get_domain_config",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/domains/{domain_id}/config",
            "HEAD /v3/domains/{domain_id}/config",
            "GET /v3/domains/{domain_id}/config/{group}",
            "HEAD /v3/domains/{domain_id}/config/{group}",
            "GET /v3/domains/{domain_id}/config/{group}/{option}",
            "HEAD /v3/domains/{domain_id}/config/{group}/{option}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See a domain's own configuration, whole or a part of it.",
    },
    RuleDefault {
        name: "identity:get_security_compliance_domain_config",
        check: "",
        scopes: ALL,
        operations: &[
            "GET /v3/domains/{domain_id}/config/security_compliance",
            "HEAD /v3/domains/{domain_id}/config/security_compliance",
            "GET /v3/domains/{domain_id}/config/security_compliance/{option}",
            "HEAD /v3/domains/{domain_id}/config/security_compliance/{option}",
        ],
        deprecated: None,
        description: "See the password rules that apply to a domain's users.",
    },
    RuleDefault {
        name: "identity:update_domain_config",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "PATCH /v3/domains/{domain_id}/config",
            "PATCH /v3/domains/{domain_id}/config/{group}",
            "PATCH /v3/domains/{domain_id}/config/{group}/{option}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Change parts of a domain's own configuration.",
    },
    RuleDefault {
        name: "identity:delete_domain_config",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "DELETE /v3/domains/{domain_id}/config",
            "DELETE /v3/domains/{domain_id}/config/{group}",
            "DELETE /v3/domains/{domain_id}/config/{group}/{option}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Delete a domain's own configuration, whole or a part of it.",
    },
    RuleDefault {
        name: "identity:get_domain_config_default",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/domains/config/default",
            "HEAD /v3/domains/config/default",
            "GET /v3/domains/config/{group}/default",
            "HEAD /v3/domains/config/{group}/default",
            "GET /v3/domains/config/{group}/{option}/default",
            "HEAD /v3/domains/config/{group}/{option}/default",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See the server-wide values that domain configurations fall back to.",
    },
    RuleDefault {
        name: "identity:get_project",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s) or project_id:%(target.project.id)s",
        scopes: ALL,
        operations: &["GET /v3/projects/{project_id}"],
        deprecated: Some(Deprecated {
            check: "rule:admin_required or project_id:%(target.project.id)s",
            since: "S",
        }),
        description: "See one project.",
    },
    RuleDefault {
        name: "identity:list_projects",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.domain_id)s)",
        scopes: ALL,
        operations: &["GET /v3/projects"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List projects.",
    },
    RuleDefault {
        name: "identity:list_user_projects",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.user.domain_id)s) or user_id:%(target.user.id)s",
        scopes: ALL,
        operations: &["GET /v3/users/{user_id}/projects"],
        deprecated: Some(Deprecated {
            check: ADMIN_OR_OWNER,
            since: "S",
        }),
        description: "List the projects on which a user has a role.",
    },
    RuleDefault {
        name: "identity:create_project",
        check: "(rule:admin_required) or (role:manager and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s)",
        scopes: ALL,
        operations: &["POST /v3/projects"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Create a project.",
    },
    RuleDefault {
        name: "identity:update_project",
        check: "(rule:admin_required) or (role:manager and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s)",
        scopes: ALL,
        operations: &["PATCH /v3/projects/{project_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a project.",
    },
    RuleDefault {
        name: "identity:delete_project",
        check: "(rule:admin_required) or (role:manager and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s)",
        scopes: ALL,
        operations: &["DELETE /v3/projects/{project_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a project.",
    },
    RuleDefault {
        name: "identity:list_project_tags",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s) or project_id:%(target.project.id)s",
        scopes: ALL,
        operations: &[
            "GET /v3/projects/{project_id}/tags",
            "HEAD /v3/projects/{project_id}/tags",
        ],
        deprecated: Some(Deprecated {
            check: "rule:admin_required or project_id:%(target.project.id)s",
            since: "T",
        }),
        description: "List a project's tags.",
    },
    RuleDefault {
        name: "identity:get_project_tag",
        check: "(rule:admin_required) or (role:reader and system_scope:all) or (role:reader and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s) or project_id:%(target.project.id)s",
        scopes: ALL,
        operations: &[
            "GET /v3/projects/{project_id}/tags/{value}",
            "HEAD /v3/projects/{project_id}/tags/{value}",
        ],
        deprecated: Some(Deprecated {
            check: "rule:admin_required or project_id:%(target.project.id)s",
            since: "T",
        }),
        description: "See whether a project has a tag.",
    },
    RuleDefault {
        name: "identity:update_project_tags",
        check: "(rule:admin_required) or (role:manager and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s)",
        scopes: ALL,
        operations: &["PUT /v3/projects/{project_id}/tags"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Replace all tags of a project.",
    },
    RuleDefault {
        name: "identity:create_project_tag",
        check: "(rule:admin_required) or (role:manager and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s)",
        scopes: ALL,
        operations: &["PUT /v3/projects/{project_id}/tags/{value}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Add a tag to a project.",
    },
    RuleDefault {
        name: "identity:delete_project_tags",
        check: "(rule:admin_required) or (role:manager and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s)",
        scopes: ALL,
        operations: &["DELETE /v3/projects/{project_id}/tags"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Remove all tags of a project.",
    },
    RuleDefault {
        name: "identity:delete_project_tag",
        check: "(rule:admin_required) or (role:manager and \
            domain_id:%(target.project.domain_id)s and not \
            None:%(target.project.domain_id)s)",
        scopes: ALL,
        operations: &["DELETE /v3/projects/{project_id}/tags/{value}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Remove one tag of a project.",
    },
];
