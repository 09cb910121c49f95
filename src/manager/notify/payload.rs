//! The message about an event: oslo.messaging's envelope around a CADF event (DMTF DSP0262) or around
//! the few members of the basic format.

use crate::config::NotificationFormat;
use crate::model::ServiceId;
use crate::model::event::{
    Attempted, Authentication, Event, FederatedLogin, Happened, Origin, Reason,
};
use crate::model::{Actor, Assignment, AssignmentTarget, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Who logs in, and also what a login or an assignment is aimed at.
const ACCOUNT: &str = "service/security/account/user";

/// What federated logins are called by, whatever their protocol.
const SAML: &str = "http://docs.oasis-open.org/security/saml/v2.0";

/// The name space in which Keystone makes a UUID of a user's id that is none.
const ID_NAMESPACE: Uuid = Uuid::from_u128(0x4332_ecab_770b_4288_a680_b9ac_a3b1_b153);

/// What a message is made of.
pub(super) struct Envelope<'a> {
    pub happened: &'a Happened,
    pub format: NotificationFormat,
    /// Second half of the publisher's id.
    pub host: &'a str,
    pub observer: Option<&'a ServiceId>,
}

impl Envelope<'_> {
    /// The message.
    pub fn render(&self) -> Map<String, Value> {
        let Happened { event, origin, at } = self.happened;
        let payload = match (self.format, event) {
            (NotificationFormat::Basic, Event::Resource { .. }) => basic(event, origin),
            // Logins and assignments are CADF whatever the format.
            _ => self.cadf(),
        };
        let mut message = Map::new();
        let mut set = |key: &str, value: Value| message.insert(key.to_owned(), value);
        set("message_id", json!(random_id()));
        set("publisher_id", json!(format!("identity.{}", self.host)));
        set("event_type", json!(event.event_type()));
        set("priority", json!("INFO"));
        set("payload", Value::Object(payload));
        set("timestamp", json!(time(*at, "%Y-%m-%d %H:%M:%S%.6f")));
        message
    }

    fn cadf(&self) -> Map<String, Value> {
        let Happened { event, origin, at } = self.happened;
        let (action, outcome, target) = match event {
            Event::Resource {
                kind, action, id, ..
            } => (
                format!("{}.{}", action.name(), kind.name()),
                "success",
                json!({ "id": id, "typeURI": kind.cadf_type() }),
            ),
            Event::RoleAssignment {
                action, outcome, ..
            } => (
                format!("{}.role_assignment", action.name()),
                outcome.name(),
                anybody(),
            ),
            Event::Authentication(attempt) => {
                ("authenticate".to_owned(), attempt.outcome.name(), anybody())
            }
            Event::FederatedLogin(login) => {
                ("authenticate".to_owned(), login.outcome.name(), anybody())
            }
        };
        let observer = self.observer.map_or_else(random_id, ToString::to_string);
        let mut payload = Map::new();
        let mut set = |key: &str, value: Value| payload.insert(key.to_owned(), value);
        set(
            "typeURI",
            json!("http://schemas.dmtf.org/cloud/audit/1.0/event"),
        );
        set("eventType", json!("activity"));
        set("id", json!(random_id()));
        set("eventTime", json!(time(*at, "%Y-%m-%dT%H:%M:%S%.6f+0000")));
        set("action", json!(action));
        set("outcome", json!(outcome));
        set(
            "observer",
            json!({ "id": observer, "typeURI": "service/security" }),
        );
        set("initiator", Value::Object(initiator(event, origin)));
        set("target", target);
        match event {
            Event::Resource { id, reason, .. } => {
                if let Some(reason) = reason {
                    set("reason", reason_of(reason));
                }
                set("resource_info", json!(id));
            }
            Event::RoleAssignment { assignment, .. } => payload.extend(members_of(assignment)),
            Event::FederatedLogin(_) => {}
            Event::Authentication(attempt) => {
                if let Some(reason) = &attempt.reason {
                    set("reason", reason_of(reason));
                }
                if let Some(hash) = &attempt.password_hash {
                    let attachment = json!({
                        "typeURI": "mime:text/plain", "content": hash, "name": "partial_password_hash"
                    });
                    set("attachments", json!([attachment]));
                }
            }
        }
        payload
    }
}

/// The basic format: what it is about, and whose request it was.
fn basic(event: &Event, origin: &Origin) -> Map<String, Value> {
    let mut payload = Map::new();
    if let Event::Resource { id, member, .. } = event {
        payload.insert("resource_info".to_owned(), json!(id));
        if let Some((user, what)) = member {
            payload.insert("actor_id".to_owned(), json!(user));
            payload.insert("actor_type".to_owned(), json!("user"));
            payload.insert("actor_operation".to_owned(), json!(what));
        }
    }
    insert_some(&mut payload, "request_id", origin.request_id.as_deref());
    insert_some(
        &mut payload,
        "global_request_id",
        origin.global_request_id.as_deref(),
    );
    payload
}

/// Who made it happen: the caller, or whoever tries to become one.
fn initiator(event: &Event, origin: &Origin) -> Map<String, Value> {
    let mut initiator = Map::new();
    let attempted = match event {
        Event::Authentication(Authentication { who, .. }) => Some(who),
        _ => None,
    };
    let user_id = match attempted {
        None => origin.user_id.as_ref(),
        Some(Attempted::User { id, .. }) => Some(id),
        Some(_) => None,
    };
    let id = user_id.map_or_else(random_id, |id| as_uuid(id));
    initiator.insert("id".to_owned(), json!(id));
    initiator.insert("typeURI".to_owned(), json!(ACCOUNT));
    let mut host = Map::new();
    insert_some(&mut host, "address", origin.address.as_deref());
    insert_some(&mut host, "agent", origin.agent.as_deref());
    if !host.is_empty() {
        initiator.insert("host".to_owned(), Value::Object(host));
    }
    let mut set = |key: &str, value: Option<&str>| insert_some(&mut initiator, key, value);
    set("user_id", user_id.map(|id| &**id));
    set("project_id", origin.project_id.as_deref());
    set("domain_id", origin.domain_id.as_deref());
    set("request_id", origin.request_id.as_deref());
    set("global_request_id", origin.global_request_id.as_deref());
    match attempted {
        None => {
            set("name", origin.user_name.as_deref());
            set("username", origin.user_name.as_deref());
        }
        Some(Attempted::User { name, .. }) => {
            set("name", name.as_deref());
            set("username", name.as_deref());
        }
        Some(Attempted::UnknownId(id)) => set("user_id", Some(id)),
        Some(Attempted::UnknownName {
            name,
            domain_id,
            domain_name,
        }) => {
            set("user_name", Some(name));
            set("domain_id", domain_id.as_deref());
            set("domain_name", domain_name.as_deref());
        }
    }
    if let Event::FederatedLogin(login) = event {
        initiator.insert("credential".to_owned(), credential_of(login));
    }
    initiator
}

/// Who vouched for whom. Of a token's audit id only the ends are shown.
fn credential_of(login: &FederatedLogin) -> Value {
    const UNKNOWN: &str = "unknown";
    let ends = |id: &str, count: usize| {
        let first: String = id.chars().take(count).collect();
        let last = id.chars().rev().take(count);
        let last: Vec<char> = last.collect();
        format!("{first} xxxxxxxx {}", last.iter().rev().collect::<String>())
    };
    // An eighth of the text at either end.
    let token = match &login.audit_id {
        Some(id) => ends(id, 3),
        None => ends(UNKNOWN, 1),
    };
    json!({
        "token": token,
        "type": SAML,
        "identity_provider": login.idp_id,
        "user": login.user_id.as_ref().map_or(UNKNOWN, |id| id.as_str()),
        "groups": login.group_ids,
    })
}

fn members_of(assignment: &Assignment) -> Map<String, Value> {
    let mut members = Map::new();
    match &assignment.target {
        AssignmentTarget::Project(id) => insert_some(&mut members, "project", Some(id)),
        AssignmentTarget::Domain(id) => insert_some(&mut members, "domain", Some(id)),
        AssignmentTarget::System => {}
    }
    match &assignment.actor {
        Actor::User(id) => insert_some(&mut members, "user", Some(id)),
        Actor::Group(id) => insert_some(&mut members, "group", Some(id)),
    }
    let inherited = json!(assignment.inherited);
    members.insert("inherited_to_projects".to_owned(), inherited);
    insert_some(&mut members, "role", Some(&assignment.role_id));
    members
}

fn reason_of(reason: &Reason) -> Value {
    json!({ "reasonType": reason.text, "reasonCode": reason.status.to_string() })
}

fn anybody() -> Value {
    json!({ "id": random_id(), "typeURI": ACCOUNT })
}

fn random_id() -> String {
    Uuid::new_v4().to_string()
}

/// CADF wants UUIDs; the ids of users from LDAP are none.
fn as_uuid(id: &str) -> String {
    if Uuid::try_parse(id).is_ok() {
        return id.to_owned();
    }
    let name = [ID_NAMESPACE.as_bytes().as_slice(), id.as_bytes()].concat();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &name);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    uuid::Builder::from_sha1_bytes(bytes)
        .into_uuid()
        .simple()
        .to_string()
}

fn time(at: Timestamp, format: &str) -> String {
    at.naive().format(format).to_string()
}

fn insert_some(into: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        into.insert(key.to_owned(), json!(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_no_uuids_become_what_keystone_makes_of_them() {
        let id = "a8e086659e254bbf8ca4f7b3428f267d";
        assert_eq!(as_uuid(id), id);
        // From Python: uuid5(namespace, "ldap-user").hex
        assert_eq!(as_uuid("ldap-user"), "428482b93ab35bcdaa96d63d67145ec7");
    }
}
