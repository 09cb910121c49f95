//! Regions, services and endpoints: all their SQL.
//!
//! What a token shows of them is read in `token.rs`.

mod endpoint_filter;
mod endpoints;
mod legacy;
mod regions;
mod services;

pub use endpoint_filter::{
    add_endpoint, add_endpoint_group, delete_endpoint_group, endpoint_group, endpoint_groups,
    endpoint_groups_of, endpoints_of_group, endpoints_of_project, has_endpoint, has_endpoint_group,
    insert_endpoint_group, remove_endpoint, remove_endpoint_group, update_endpoint_group,
};
pub(super) use endpoints::endpoint_from;
pub use endpoints::{delete_endpoint, endpoint, endpoints, insert_endpoint, update_endpoint};
pub use legacy::{delete_legacy_endpoints, legacy_endpoint_ids, mark_legacy_endpoint};
pub use regions::{
    any_endpoint_in, delete_regions, insert_region, region, region_ancestry, region_subtree,
    regions, update_region,
};
pub use services::{
    delete_service, first_service_of_type, insert_service, service, services, update_service,
};
