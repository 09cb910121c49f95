//! Where a page of role assignments ends, as the text that clients hand back.

use super::expansion::{Element, ListedAssignment};
use crate::error::{Error, Result};
use crate::model::{Actor, Assignment, AssignmentTarget};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The last grant of a page and, in a listing of effective assignments, the last element of what that
/// grant amounts to. It need not exist any more: the next page begins behind its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    pub grant: Assignment,
    pub element: Option<Element>,
}

/// What the text holds, in base64 and JSON: is it a group's, the type of target, actor, target, role,
/// inherited; user, target and role of the element.
type Parts = (
    (bool, char, String, String, String, bool),
    Option<(String, String, String)>,
);

impl Marker {
    /// The marker of a grant as it was made.
    pub fn of_grant(listed: &ListedAssignment) -> Self {
        Self {
            grant: listed.grant.as_ref().clone(),
            element: None,
        }
    }

    /// The marker of an effective assignment.
    pub fn of_effective(listed: &ListedAssignment) -> Self {
        Self {
            grant: listed.grant.as_ref().clone(),
            element: Some(Element {
                user_id: listed.actor.id().to_owned(),
                target_id: listed.target.id().to_owned(),
                role_id: listed.role_id.to_string(),
            }),
        }
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// 404 for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let unknown = || Error::not_found("marker", text);
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| unknown())?;
        let (grant, element): Parts = serde_json::from_slice(&bytes).map_err(|_| unknown())?;
        let (is_group, kind, actor, target, role, inherited) = grant;
        let grant = Assignment {
            actor: match is_group {
                true => Actor::Group(actor.into()),
                false => Actor::User(actor.into()),
            },
            target: match kind {
                'p' => AssignmentTarget::Project(target.into()),
                'd' => AssignmentTarget::Domain(target.into()),
                's' => AssignmentTarget::System,
                _ => return Err(unknown()),
            },
            role_id: role.into(),
            inherited,
        };
        let element = element.map(|(user_id, target_id, role_id)| Element {
            user_id,
            target_id,
            role_id,
        });
        Ok(Self { grant, element })
    }

    /// As a query parameter can carry it.
    pub fn to_text(&self) -> String {
        let grant = &self.grant;
        let kind = match grant.target {
            AssignmentTarget::Project(_) => 'p',
            AssignmentTarget::Domain(_) => 'd',
            AssignmentTarget::System => 's',
        };
        let element = self
            .element
            .as_ref()
            .map(|element| (&element.user_id, &element.target_id, &element.role_id));
        let parts = serde_json::json!([
            [
                matches!(grant.actor, Actor::Group(_)),
                kind,
                grant.actor.id(),
                grant.target.id(),
                grant.role_id,
                grant.inherited
            ],
            element
        ]);
        URL_SAFE_NO_PAD.encode(parts.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_marker_is_read_as_it_was_written(
            is_group: bool,
            kind in 0..3,
            ids in proptest::array::uniform3(".{0,8}"),
            inherited: bool,
            of_element: bool,
        ) {
            let [actor, target, role] = ids;
            let element = of_element.then(|| Element {
                user_id: role.clone(),
                target_id: actor.clone(),
                role_id: target.clone(),
            });
            let marker = Marker {
                grant: Assignment {
                    actor: match is_group {
                        true => Actor::Group(actor.into()),
                        false => Actor::User(actor.into()),
                    },
                    target: match kind {
                        0 => AssignmentTarget::Project(target.into()),
                        1 => AssignmentTarget::Domain(target.into()),
                        _ => AssignmentTarget::System,
                    },
                    role_id: role.into(),
                    inherited,
                },
                element,
            };
            prop_assert_eq!(Marker::parse(&marker.to_text()).unwrap(), marker);
        }

        #[test]
        fn no_text_is_more_than_an_unknown_marker(text in ".{0,40}") {
            let _ = Marker::parse(&text);
        }
    }
}
