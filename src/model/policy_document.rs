//! Policy documents, which this service keeps for others, and what they are attached to.

use super::{EndpointId, PolicyId, RegionId, ServiceId};
use serde_json::{Map, Value};

/// A policy document. What its blob means is the business of those who fetch it.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    pub id: PolicyId,
    /// A media type, by custom; any text is accepted.
    pub policy_type: String,
    pub blob: String,
    pub extra: Map<String, Value>,
}

/// What a policy document is attached to. One place has at most one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyPlace {
    /// One endpoint; goes before the other places.
    Endpoint(EndpointId),
    /// The endpoints of a service in a region and in those below it.
    ServiceInRegion(ServiceId, RegionId),
    /// All endpoints of a service; comes last.
    Service(ServiceId),
}
