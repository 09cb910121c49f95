//! A certificate authority of one's own and one certificate that it issues: what `pki_setup` and
//! `ssl_setup` make. Good enough for a cloud that trusts itself.

use crate::model::{Secret, Timestamp};
use crate::{Error, Result};
use chrono::Datelike as _;
use rcgen::string::PrintableString;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyPair,
    PKCS_RSA_SHA256, RsaKeySize, SerialNumber, date_time_ymd,
};

/// Certificates and keys, PEM.
pub struct Authority {
    pub ca_certificate: String,
    pub ca_key: Secret,
    pub certificate: String,
    pub key: Secret,
}

impl Authority {
    /// Makes both. `subject` is written as `/C=US/O=Example/CN=example.com`; the issued certificate
    /// leaves the locality out of it.
    ///
    /// # Errors
    /// 500, with a message for the operator: a subject that can't be read, a key size other than
    /// 2048, 3072 or 4096.
    pub fn create(subject: &str, key_size: u64, valid_days: u64, now: Timestamp) -> Result<Self> {
        let subject = parse_subject(subject)?;
        let ca_key = new_key(key_size)?;
        let mut ca = parameters(&subject, true, valid_days, now)?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_certificate = ca.self_signed(&ca_key).map_err(Error::internal)?;
        let key = new_key(key_size)?;
        let mut issued = parameters(&subject, false, valid_days, now)?;
        issued.is_ca = IsCa::ExplicitNoCa;
        issued.serial_number = Some(SerialNumber::from(vec![1]));
        let issuer = Issuer::from_params(&ca, &ca_key);
        let certificate = issued.signed_by(&key, &issuer).map_err(Error::internal)?;
        Ok(Self {
            ca_certificate: ca_certificate.pem(),
            ca_key: ca_key.serialize_pem().into(),
            certificate: certificate.pem(),
            key: key.serialize_pem().into(),
        })
    }
}

fn new_key(size: u64) -> Result<KeyPair> {
    let size = match size {
        2048 => RsaKeySize::_2048,
        3072 => RsaKeySize::_3072,
        4096 => RsaKeySize::_4096,
        other => {
            return Err(Error::internal(format!(
                "key_size {other}: 2048, 3072 and 4096 bits can be made"
            )));
        }
    };
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size).map_err(Error::internal)
}

fn parameters(
    subject: &[(DnType, String)],
    with_locality: bool,
    valid_days: u64,
    now: Timestamp,
) -> Result<CertificateParams> {
    let mut parameters = CertificateParams::default();
    let mut name = DistinguishedName::new();
    for (kind, value) in subject {
        if *kind == DnType::LocalityName && !with_locality {
            continue;
        }
        name.push(kind.clone(), value_of(kind, value)?);
    }
    parameters.distinguished_name = name;
    parameters.use_authority_key_identifier_extension = true;
    let today = now.naive().date();
    let last = chrono::Days::new(valid_days);
    let last = today
        .checked_add_days(last)
        .filter(|day| day.year() < 10_000)
        .ok_or_else(|| Error::internal(format!("valid_days {valid_days} is too long")))?;
    // The day before, lest a machine whose clock is a little behind refuse it.
    let first = today.pred_opt().unwrap_or(today);
    // Months and days fit.
    parameters.not_before = date_time_ymd(first.year(), first.month() as u8, first.day() as u8);
    parameters.not_after = date_time_ymd(last.year(), last.month() as u8, last.day() as u8);
    Ok(parameters)
}

/// A country is a PrintableString by its definition; everything else is UTF-8.
fn value_of(kind: &DnType, value: &str) -> Result<DnValue> {
    if *kind != DnType::CountryName {
        return Ok(DnValue::from(value));
    }
    PrintableString::try_from(value)
        .map(DnValue::PrintableString)
        .map_err(|_| bad_subject(&format!("C={value}")))
}

fn parse_subject(subject: &str) -> Result<Vec<(DnType, String)>> {
    let parts = subject.split('/').filter(|part| !part.is_empty());
    let parts = parts.map(|part| {
        let (kind, value) = part.split_once('=').ok_or_else(|| bad_subject(part))?;
        let kind = match kind {
            "C" => DnType::CountryName,
            "ST" => DnType::StateOrProvinceName,
            "L" => DnType::LocalityName,
            "O" => DnType::OrganizationName,
            "OU" => DnType::OrganizationalUnitName,
            "CN" => DnType::CommonName,
            "emailAddress" => DnType::from_oid(&[1, 2, 840, 113_549, 1, 9, 1]),
            _ => return Err(bad_subject(part)),
        };
        Ok((kind, value.to_owned()))
    });
    parts.collect()
}

fn bad_subject(part: &str) -> Error {
    Error::internal(format!(
        "cert_subject: {part} is not understood; it is written as /C=US/ST=…/L=…/O=…/OU=…/CN=…"
    ))
}
