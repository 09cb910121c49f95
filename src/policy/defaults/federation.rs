//! Federation: identity providers, protocols, mappings, service providers.

use super::{ADMIN, ADMIN_OR_SYSTEM_READER, ANY, Deprecated, RuleDefault, SYSTEM_PROJECT};

pub(super) const RULES: &[RuleDefault] = &[
    RuleDefault {
        name: "identity:create_identity_provider",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/OS-FEDERATION/identity_providers/{idp_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Register a federated identity provider.",
    },
    RuleDefault {
        name: "identity:list_identity_providers",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-FEDERATION/identity_providers",
            "HEAD /v3/OS-FEDERATION/identity_providers",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List federated identity providers.",
    },
    RuleDefault {
        name: "identity:get_identity_provider",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-FEDERATION/identity_providers/{idp_id}",
            "HEAD /v3/OS-FEDERATION/identity_providers/{idp_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one federated identity provider.",
    },
    RuleDefault {
        name: "identity:update_identity_provider",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/OS-FEDERATION/identity_providers/{idp_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a federated identity provider.",
    },
    RuleDefault {
        name: "identity:delete_identity_provider",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/OS-FEDERATION/identity_providers/{idp_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a federated identity provider.",
    },
    RuleDefault {
        name: "identity:create_mapping",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/OS-FEDERATION/mappings/{mapping_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Create a federation mapping.",
    },
    RuleDefault {
        name: "identity:get_mapping",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-FEDERATION/mappings/{mapping_id}",
            "HEAD /v3/OS-FEDERATION/mappings/{mapping_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one federation mapping.",
    },
    RuleDefault {
        name: "identity:list_mappings",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-FEDERATION/mappings",
            "HEAD /v3/OS-FEDERATION/mappings",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List federation mappings.",
    },
    RuleDefault {
        name: "identity:delete_mapping",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/OS-FEDERATION/mappings/{mapping_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a federation mapping.",
    },
    RuleDefault {
        name: "identity:update_mapping",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/OS-FEDERATION/mappings/{mapping_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a federation mapping.",
    },
    RuleDefault {
        name: "identity:create_protocol",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Add a federation protocol to an identity provider.",
    },
    RuleDefault {
        name: "identity:update_protocol",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "PATCH /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a federation protocol of an identity provider.",
    },
    RuleDefault {
        name: "identity:get_protocol",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one federation protocol of an identity provider.",
    },
    RuleDefault {
        name: "identity:list_protocols",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &["GET /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List the federation protocols of an identity provider.",
    },
    RuleDefault {
        name: "identity:delete_protocol",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "DELETE /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Remove a federation protocol from an identity provider.",
    },
    RuleDefault {
        name: "identity:create_service_provider",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PUT /v3/OS-FEDERATION/service_providers/{service_provider_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Register a federation service provider.",
    },
    RuleDefault {
        name: "identity:list_service_providers",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-FEDERATION/service_providers",
            "HEAD /v3/OS-FEDERATION/service_providers",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "List federation service providers.",
    },
    RuleDefault {
        name: "identity:get_service_provider",
        check: ADMIN_OR_SYSTEM_READER,
        scopes: SYSTEM_PROJECT,
        operations: &[
            "GET /v3/OS-FEDERATION/service_providers/{service_provider_id}",
            "HEAD /v3/OS-FEDERATION/service_providers/{service_provider_id}",
        ],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "See one federation service provider.",
    },
    RuleDefault {
        name: "identity:update_service_provider",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["PATCH /v3/OS-FEDERATION/service_providers/{service_provider_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Change a federation service provider.",
    },
    RuleDefault {
        name: "identity:delete_service_provider",
        check: ADMIN,
        scopes: SYSTEM_PROJECT,
        operations: &["DELETE /v3/OS-FEDERATION/service_providers/{service_provider_id}"],
        deprecated: Some(Deprecated {
            check: ADMIN,
            since: "S",
        }),
        description: "Delete a federation service provider.",
    },
    RuleDefault {
        name: "identity:list_projects_for_user",
        check: "",
        scopes: ANY,
        operations: &["GET /v3/auth/projects"],
        deprecated: None,
        description: "List the projects that one can get a token for, by the older federation path.",
    },
    RuleDefault {
        name: "identity:list_domains_for_user",
        check: "",
        scopes: ANY,
        operations: &["GET /v3/auth/domains"],
        deprecated: None,
        description: "List the domains that one can get a token for, by the older federation path.",
    },
];
