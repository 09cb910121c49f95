//! Regions, services and endpoints.

use super::{ADMIN, ADMIN_OR_SYSTEM_READER, ALL, Deprecated, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:get_endpoint",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/endpoints/{endpoint_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one endpoint of the catalog.",
    },
    RuleDefault {
        name: "identity:list_endpoints",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/endpoints"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List the catalog's endpoints.",
    },
    RuleDefault {
        name: "identity:create_endpoint",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/endpoints"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Add an endpoint to the catalog.",
    },
    RuleDefault {
        name: "identity:update_endpoint",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/endpoints/{endpoint_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change an endpoint of the catalog.",
    },
    RuleDefault {
        name: "identity:delete_endpoint",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/endpoints/{endpoint_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Take an endpoint out of the catalog.",
    },
    RuleDefault {
        name: "identity:get_region",
        check: "",
        scopes: ALL,
        operations: &[
            "GET /v3/regions/{region_id}",
            "HEAD /v3/regions/{region_id}",
        ],
        deprecated: None,
        description: "See one region.",
    },
    RuleDefault {
        name: "identity:list_regions",
        check: "",
        scopes: ALL,
        operations: &["GET /v3/regions", "HEAD /v3/regions"],
        deprecated: None,
        description: "List regions.",
    },
    RuleDefault {
        name: "identity:create_region",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/regions", "PUT /v3/regions/{region_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Create a region.",
    },
    RuleDefault {
        name: "identity:update_region",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/regions/{region_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a region.",
    },
    RuleDefault {
        name: "identity:delete_region",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/regions/{region_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a region and those below it.",
    },
    RuleDefault {
        name: "identity:get_service",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/services/{service_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one service of the catalog.",
    },
    RuleDefault {
        name: "identity:list_services",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/services"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List the catalog's services.",
    },
    RuleDefault {
        name: "identity:create_service",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["POST /v3/services"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Add a service to the catalog.",
    },
    RuleDefault {
        name: "identity:update_service",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/services/{service_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a service of the catalog.",
    },
    RuleDefault {
        name: "identity:delete_service",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/services/{service_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Take a service and its endpoints out of the catalog.",
    },
];
