//! Endpoint filtering: which endpoints a project's catalog shows.

use super::{ADMIN, ADMIN_OR_SYSTEM_READER, Deprecated, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:create_endpoint_group",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/OS-EP-FILTER/endpoint_groups"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Create an endpoint group.",
    },
    RuleDefault {
        name: "identity:list_endpoint_groups",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-EP-FILTER/endpoint_groups"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List endpoint groups.",
    },
    RuleDefault {
        name: "identity:get_endpoint_group",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}",
            "HEAD /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See one endpoint group.",
    },
    RuleDefault {
        name: "identity:update_endpoint_group",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Change an endpoint group.",
    },
    RuleDefault {
        name: "identity:delete_endpoint_group",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Delete an endpoint group.",
    },
    RuleDefault {
        name: "identity:list_projects_associated_with_endpoint_group",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the projects whose catalogs show an endpoint group.",
    },
    RuleDefault {
        name: "identity:list_endpoints_associated_with_endpoint_group",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/endpoints"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the endpoints that an endpoint group selects.",
    },
    RuleDefault {
        name: "identity:get_endpoint_group_in_project",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}",
            "HEAD /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See whether a project's catalog shows an endpoint group.",
    },
    RuleDefault {
        name: "identity:list_endpoint_groups_for_project",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-EP-FILTER/projects/{project_id}/endpoint_groups"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the endpoint groups that a project's catalog shows.",
    },
    RuleDefault {
        name: "identity:add_endpoint_group_to_project",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "PUT /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Show an endpoint group in a project's catalog.",
    },
    RuleDefault {
        name: "identity:remove_endpoint_group_from_project",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "DELETE /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Stop showing an endpoint group in a project's catalog.",
    },
    RuleDefault {
        name: "identity:list_projects_for_endpoint",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-EP-FILTER/endpoints/{endpoint_id}/projects"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the projects that an endpoint is associated with.",
    },
    RuleDefault {
        name: "identity:add_endpoint_to_project",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Associate an endpoint with a project.",
    },
    RuleDefault {
        name: "identity:check_endpoint_in_project",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}",
            "HEAD /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See whether an endpoint is associated with a project.",
    },
    RuleDefault {
        name: "identity:list_endpoints_for_project",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-EP-FILTER/projects/{project_id}/endpoints"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the endpoints that a project is associated with.",
    },
    RuleDefault {
        name: "identity:remove_endpoint_from_project",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "End the association of an endpoint with a project.",
    },
];
