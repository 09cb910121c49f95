//! Regions, services and endpoints: all their SQL.
//!
//! What a token shows of them is read in `token.rs`.

mod endpoints;
mod regions;
mod services;

pub(super) use endpoints::endpoint_from;
pub use endpoints::{delete_endpoint, endpoint, endpoints, insert_endpoint, update_endpoint};
pub use regions::{
    any_endpoint_in, delete_regions, insert_region, region, region_ancestry, region_subtree,
    regions, update_region,
};
pub use services::{delete_service, insert_service, service, services, update_service};
