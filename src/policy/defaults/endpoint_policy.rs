//! Policy documents and what they are attached to.

use super::{ADMIN, ADMIN_OR_SYSTEM_READER, Deprecated, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:get_policy",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/policies/{policy_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See one stored policy document.",
    },
    RuleDefault {
        name: "identity:list_policies",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/policies"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List stored policy documents.",
    },
    RuleDefault {
        name: "identity:create_policy",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/policies"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Store a policy document.",
    },
    RuleDefault {
        name: "identity:update_policy",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/policies/{policy_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Change a stored policy document.",
    },
    RuleDefault {
        name: "identity:delete_policy",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/policies/{policy_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Delete a stored policy document.",
    },
    RuleDefault {
        name: "identity:create_policy_association_for_endpoint",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Attach a policy document to an endpoint.",
    },
    RuleDefault {
        name: "identity:check_policy_association_for_endpoint",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}",
            "HEAD /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See whether a policy document is attached to an endpoint.",
    },
    RuleDefault {
        name: "identity:delete_policy_association_for_endpoint",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Detach a policy document from an endpoint.",
    },
    RuleDefault {
        name: "identity:create_policy_association_for_service",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Attach a policy document to a service.",
    },
    RuleDefault {
        name: "identity:check_policy_association_for_service",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}",
            "HEAD /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See whether a policy document is attached to a service.",
    },
    RuleDefault {
        name: "identity:delete_policy_association_for_service",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Detach a policy document from a service.",
    },
    RuleDefault {
        name: "identity:create_policy_association_for_region_and_service",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "PUT /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Attach a policy document to a service in one region.",
    },
    RuleDefault {
        name: "identity:check_policy_association_for_region_and_service",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}",
            "HEAD /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See whether a policy document is attached to a service in one region.",
    },
    RuleDefault {
        name: "identity:delete_policy_association_for_region_and_service",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "DELETE /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "Detach a policy document from a service in one region.",
    },
    RuleDefault {
        name: "identity:get_policy_for_endpoint",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy",
            "HEAD /v3/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "See which policy document applies to an endpoint.",
    },
    RuleDefault {
        name: "identity:list_endpoints_for_policy",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "T",
        }),
        description: "List the endpoints that a policy document applies to.",
    },
];
