//! Values for placeholders. Each carries its kind even when it is NULL, because PostgreSQL types
//! its placeholders.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime, SubsecRound};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::mysql::MySqlArguments;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Postgres, Type};

use crate::model::{
    AccessRuleId, AccessTokenId, ApplicationCredentialId, ConsumerId, CredentialId, DomainId,
    EndpointGroupId, EndpointId, GroupId, IdpId, MappingId, PolicyId, ProjectId, ProtocolId,
    RegionId, RequestTokenId, RoleId, ServiceId, ServiceProviderId, Timestamp, TrustId, UserId,
};

/// How Python's database layer writes times into SQLite: always six digits, so that text order is
/// time order.
const SQLITE_TIME: &str = "%Y-%m-%d %H:%M:%S%.6f";
const SQLITE_DATE: &str = "%Y-%m-%d";

/// A value for one placeholder; `None` is NULL.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// VARCHAR, TEXT and enum columns.
    Text(Option<String>),
    /// INTEGER and BIGINT columns.
    Int(Option<i64>),
    /// BOOLEAN, TINYINT(1) on MySQL.
    Bool(Option<bool>),
    /// DATETIME, TIMESTAMP: UTC without a zone. MySQL keeps whole seconds (the rest is cut off).
    Time(Option<NaiveDateTime>),
    /// DATE.
    Date(Option<NaiveDate>),
}

/// The kind alone: the value may be a hash, a key or a token.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, is_null) = match self {
            Self::Text(v) => ("Text", v.is_none()),
            Self::Int(v) => ("Int", v.is_none()),
            Self::Bool(v) => ("Bool", v.is_none()),
            Self::Time(v) => ("Time", v.is_none()),
            Self::Date(v) => ("Date", v.is_none()),
        };
        write!(f, "{kind}({})", if is_null { "NULL" } else { "…" })
    }
}

/// Text whose type PostgreSQL infers from where it stands. Sent as `text` it could not go into an
/// enum column (`assignment.type`, `id_mapping.entity_type`).
struct Untyped(Option<String>);

impl Type<Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Untyped {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match &self.0 {
            // The binary form of varchar, text and enums alike is the text's bytes.
            Some(text) => Encode::<Postgres>::encode_by_ref(&text.as_str(), buf),
            None => Ok(IsNull::Yes),
        }
    }

    fn size_hint(&self) -> usize {
        self.0.as_ref().map_or(0, String::len)
    }
}

pub(super) fn sqlite_arguments(
    values: Vec<Value>,
) -> Result<SqliteArguments<'static>, BoxDynError> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Text(v) => arguments.add(v),
            Value::Int(v) => arguments.add(v),
            Value::Bool(v) => arguments.add(v),
            Value::Time(v) => arguments.add(v.map(|t| t.format(SQLITE_TIME).to_string())),
            Value::Date(v) => arguments.add(v.map(|d| d.format(SQLITE_DATE).to_string())),
        }?;
    }
    Ok(arguments)
}

pub(super) fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Text(v) => arguments.add(Untyped(v)),
            Value::Int(v) => arguments.add(v),
            Value::Bool(v) => arguments.add(v),
            Value::Time(v) => arguments.add(v),
            Value::Date(v) => arguments.add(v),
        }?;
    }
    Ok(arguments)
}

pub(super) fn mysql_arguments(values: Vec<Value>) -> Result<MySqlArguments, BoxDynError> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        match value {
            Value::Text(v) => arguments.add(v),
            Value::Int(v) => arguments.add(v),
            Value::Bool(v) => arguments.add(v),
            // MySQL would round up; a revocation that lies half a second in the future hits tokens
            // issued after it.
            Value::Time(v) => arguments.add(v.map(|t| t.trunc_subsecs(0))),
            Value::Date(v) => arguments.add(v),
        }?;
    }
    Ok(arguments)
}

macro_rules! from {
    ($($type:ty => $kind:ident, $convert:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let convert = $convert;
                Self::$kind(Some(convert(value)))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$kind(value.map($convert))
            }
        }
    )*};
}

from! {
    &str => Text, str::to_owned;
    String => Text, |text: String| text;
    &String => Text, String::clone;
    i64 => Int, |int: i64| int;
    i32 => Int, i64::from;
    u32 => Int, i64::from;
    bool => Bool, |bool: bool| bool;
    NaiveDateTime => Time, |time: NaiveDateTime| time;
    Timestamp => Time, Timestamp::naive;
    NaiveDate => Date, |date: NaiveDate| date;
}

macro_rules! from_ids {
    ($($id:ident)*) => {from! {$(
        $id => Text, String::from;
        &$id => Text, |id: &$id| id.as_str().to_owned();
    )*}};
}

from_ids! {
    UserId GroupId ProjectId DomainId RoleId RegionId ServiceId EndpointId EndpointGroupId PolicyId TrustId
    ApplicationCredentialId CredentialId AccessRuleId AccessTokenId ConsumerId RequestTokenId IdpId
    ProtocolId MappingId ServiceProviderId
}

impl From<&serde_json::Value> for Value {
    /// JSON columns are TEXT that holds JSON.
    fn from(json: &serde_json::Value) -> Self {
        Self::Text(Some(ascii_json(json)))
    }
}

/// JSON without a character outside ASCII, as Python writes it: MySQL's columns are utf8mb3, which has
/// no place for emoji.
pub(super) fn ascii_json(json: &serde_json::Value) -> String {
    let text = json.to_string();
    if text.is_ascii() {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        // Outside of strings there is nothing but ASCII.
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}
