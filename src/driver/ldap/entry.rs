//! Entries of a directory, read from what the server sent. A server that sends nonsense must not end a
//! request in a panic, which the library's own reading would.

use ldap3::ResultEntry;
use ldap3::asn1::{PL, StructureTag};
use std::collections::HashMap;

/// The operation of a search's entries (RFC 4511, 4.5.2).
const SEARCH_RESULT_ENTRY: u64 = 4;

/// An entry: its name, and its attributes by lower-case name. Attributes that are not text are not
/// among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub dn: String,
    attributes: HashMap<String, Vec<String>>,
}

impl Entry {
    /// `None` for a referral, and for what is no entry.
    pub fn read(result: ResultEntry) -> Option<Self> {
        let tag = result.0.match_id(SEARCH_RESULT_ENTRY)?;
        let mut parts = tag.expect_constructed()?.into_iter();
        let dn = text(parts.next()?)?;
        let mut attributes = HashMap::new();
        for attribute in parts.next()?.expect_constructed()? {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let name = text(parts.next()?)?.to_lowercase();
            let values = parts.next()?.expect_constructed()?;
            match values.into_iter().map(value).collect::<Option<Vec<_>>>() {
                Some(values) => drop(attributes.insert(name, values)),
                None => tracing::debug!(dn, attribute = name, "its values are no text"),
            }
        }
        Some(Self { dn, attributes })
    }

    /// The values of an attribute, whatever the case of its name.
    pub fn values(&self, attribute: &str) -> &[String] {
        self.attributes
            .get(&attribute.to_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// The first value of an attribute.
    pub fn first(&self, attribute: &str) -> Option<&str> {
        self.values(attribute).first().map(String::as_str)
    }
}

fn bytes(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(bytes(tag)?).ok()
}

/// A value as text. Sixteen bytes that are none are the GUID of an object (Active Directory), whose
/// first three parts are little-endian.
fn value(tag: StructureTag) -> Option<String> {
    String::from_utf8(bytes(tag)?)
        .or_else(|error| {
            let bytes: [u8; 16] = error.as_bytes().try_into().map_err(drop)?;
            Ok::<_, ()>(uuid::Uuid::from_bytes_le(bytes).to_string())
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3::asn1::TagClass;
    use proptest::prelude::*;

    fn primitive(bytes: &[u8]) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 4,
            payload: PL::P(bytes.to_vec()),
        }
    }

    fn constructed(id: u64, parts: Vec<StructureTag>) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id,
            payload: PL::C(parts),
        }
    }

    fn entry(attributes: &[(&str, &[&[u8]])]) -> Entry {
        let attribute = |(name, values): &(&str, &[&[u8]])| {
            let values = values.iter().map(|value| primitive(value)).collect();
            constructed(
                16,
                vec![primitive(name.as_bytes()), constructed(17, values)],
            )
        };
        let attributes = attributes.iter().map(attribute).collect();
        let parts = vec![primitive(b"cn=a,dc=x"), constructed(16, attributes)];
        Entry::read(ResultEntry::new(constructed(4, parts))).expect("an entry")
    }

    #[test]
    fn names_of_attributes_are_of_any_case() {
        let entry = entry(&[("displayName", &[b"A", b"B"])]);
        assert_eq!(entry.values("DISPLAYNAME"), ["A", "B"]);
        assert_eq!(entry.first("displayname"), Some("A"));
        assert_eq!(entry.first("cn"), None);
    }

    #[test]
    fn a_guid_reads_as_keystone_reads_it() {
        let guid: [u8; 16] = [
            0xdd, 0xb0, 0x66, 0xa5, 0x88, 0xe6, 0x40, 0x4f, 0x9f, 0x4a, 0x6f, 0xe1, 0x9e, 0x6c,
            0x8e, 0x2d,
        ];
        let entry = entry(&[("objectGUID", &[&guid]), ("photo", &[b"a", b"\xff\xd8"])]);
        // From Python: str(uuid.UUID(bytes_le=…)).
        let text = "a566b0dd-e688-4f40-9f4a-6fe19e6c8e2d";
        assert_eq!(entry.first("objectguid"), Some(text));
        assert_eq!(entry.first("photo"), None);
    }

    fn any_tag() -> impl Strategy<Value = StructureTag> {
        let leaf = proptest::collection::vec(any::<u8>(), 0..8).prop_map(|bytes| primitive(&bytes));
        leaf.prop_recursive(4, 24, 4, |inner| {
            (0u64..20, proptest::collection::vec(inner, 0..4))
                .prop_map(|(id, parts)| constructed(id, parts))
        })
    }

    proptest! {
        #[test]
        fn nonsense_is_no_entry(tag in any_tag()) {
            let _ = Entry::read(ResultEntry::new(tag));
        }
    }
}
