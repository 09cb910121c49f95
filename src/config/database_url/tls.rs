//! Encryption, as the arguments of MySQL's and PostgreSQL's URLs ask for it.

use super::{DatabaseUrlError, Parts, bad_argument};
use std::path::PathBuf;

/// Encryption of the connection to a database server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Whether to encrypt, and what to verify.
    pub mode: TlsMode,
    /// PEM file with the authorities that may have signed the server's certificate.
    pub ca: Option<PathBuf>,
    /// PEM file with the client's certificate.
    pub cert: Option<PathBuf>,
    /// PEM file with the client's key.
    pub key: Option<PathBuf>,
}

/// Whether to encrypt, and what to verify.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Never encrypt.
    #[default]
    Disable,
    /// Encrypt when the server offers it; verify nothing.
    Prefer,
    /// Encrypt or fail; verify nothing.
    Require,
    /// Encrypt, and verify who signed the server's certificate.
    VerifyCa,
    /// As `VerifyCa`, and verify the host's name.
    VerifyFull,
}

/// PyMySQL's rules: nothing said means no encryption; an authority means that certificate and host
/// are verified unless said otherwise; anything else about TLS means encryption alone.
pub(super) fn mysql(parts: &mut Parts) -> Result<Tls, DatabaseUrlError> {
    let disabled = parts.take_bool("ssl_disabled")? == Some(true);
    let asked = parts.take_bool("ssl")?;
    let verify_cert = parts.take_bool("ssl_verify_cert")?;
    let verify_identity = parts.take_bool("ssl_verify_identity")?;
    let check_hostname = parts.take_bool("ssl_check_hostname")?;
    let named = parts.take("ssl_mode").or_else(|| parts.take("ssl-mode"));
    let (ca, cert, key) = (
        parts.take_path("ssl_ca"),
        parts.take_path("ssl_cert"),
        parts.take_path("ssl_key"),
    );
    // A folder of authorities stays in the arguments, to be warned of, but asks for verification.
    let authority = ca.is_some() || parts.arguments.iter().any(|(name, _)| name == "ssl_capath");
    let mode = if let Some(named) = named {
        match named.to_ascii_uppercase().as_str() {
            "DISABLED" => TlsMode::Disable,
            "PREFERRED" => TlsMode::Prefer,
            "REQUIRED" => TlsMode::Require,
            "VERIFY_CA" => TlsMode::VerifyCa,
            "VERIFY_IDENTITY" => TlsMode::VerifyFull,
            _ => {
                let known = "must be DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY";
                return Err(bad_argument("ssl_mode", known));
            }
        }
    } else if disabled || asked == Some(false) {
        TlsMode::Disable
    } else {
        match (verify_identity, verify_cert) {
            (Some(true), _) => TlsMode::VerifyFull,
            (_, Some(true)) => TlsMode::VerifyCa,
            (_, Some(false)) => TlsMode::Require,
            (Some(false), None) if authority => TlsMode::VerifyCa,
            (None, None) if authority && check_hostname == Some(false) => TlsMode::VerifyCa,
            (None, None) if authority => TlsMode::VerifyFull,
            _ if asked == Some(true) || cert.is_some() || key.is_some() => TlsMode::Require,
            _ => TlsMode::Disable,
        }
    };
    Ok(Tls {
        mode,
        ca,
        cert,
        key,
    })
}

/// libpq's rules: `prefer` unless said otherwise, and `require` with an authority verifies.
pub(super) fn postgres(parts: &mut Parts) -> Result<Tls, DatabaseUrlError> {
    let asked = parts.take_bool("ssl")?;
    let (ca, cert, key) = (
        parts.take_path("sslrootcert"),
        parts.take_path("sslcert"),
        parts.take_path("sslkey"),
    );
    let mode = match parts.take("sslmode").as_deref() {
        Some("disable") => TlsMode::Disable,
        Some("allow" | "prefer") => TlsMode::Prefer,
        Some("require") if ca.is_some() => TlsMode::VerifyCa,
        Some("require") => TlsMode::Require,
        Some("verify-ca") => TlsMode::VerifyCa,
        Some("verify-full") => TlsMode::VerifyFull,
        Some(_) => {
            let known = "must be disable, allow, prefer, require, verify-ca or verify-full";
            return Err(bad_argument("sslmode", known));
        }
        None => match asked {
            Some(true) => TlsMode::Require,
            Some(false) => TlsMode::Disable,
            None => TlsMode::Prefer,
        },
    };
    Ok(Tls {
        mode,
        ca,
        cert,
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{DatabaseUrl, ServerUrl};
    use super::*;
    use std::path::Path;

    fn server(text: &str) -> ServerUrl {
        match DatabaseUrl::parse(text).unwrap().url {
            DatabaseUrl::Postgres(server) | DatabaseUrl::Mysql(server) => server,
            DatabaseUrl::Sqlite { .. } => panic!("{text} names no server"),
        }
    }

    #[test]
    fn mysql_tls_follows_pymysql() {
        let mode = |query: &str| {
            server(&format!("mysql+pymysql://u:p@h/db?{query}"))
                .tls
                .mode
        };
        assert_eq!(mode(""), TlsMode::Disable);
        assert_eq!(mode("ssl_ca=/ca"), TlsMode::VerifyFull);
        assert_eq!(
            mode("ssl_ca=/ca&ssl_check_hostname=false"),
            TlsMode::VerifyCa
        );
        assert_eq!(mode("ssl_ca=/ca&ssl_verify_cert=true"), TlsMode::VerifyCa);
        assert_eq!(
            mode("ssl_ca=/ca&ssl_verify_cert=1&ssl_verify_identity=1"),
            TlsMode::VerifyFull
        );
        assert_eq!(mode("ssl_ca=/ca&ssl_verify_cert=false"), TlsMode::Require);
        assert_eq!(mode("ssl_verify_cert=true"), TlsMode::VerifyCa);
        assert_eq!(mode("ssl=true"), TlsMode::Require);
        assert_eq!(mode("ssl_cert=/c&ssl_key=/k"), TlsMode::Require);
        assert_eq!(mode("ssl_mode=VERIFY_IDENTITY"), TlsMode::VerifyFull);
        assert_eq!(mode("ssl_disabled=1&ssl_ca=/ca"), TlsMode::Disable);
        let tls = server("mysql://h/db?ssl_ca=/ca&ssl_cert=/c&ssl_key=/k").tls;
        assert_eq!(tls.ca.as_deref(), Some(Path::new("/ca")));
        assert_eq!(tls.cert.as_deref(), Some(Path::new("/c")));
        assert_eq!(tls.key.as_deref(), Some(Path::new("/k")));
    }

    #[test]
    fn postgres_tls_follows_libpq() {
        let mode = |query: &str| server(&format!("postgresql://u:p@h/db?{query}")).tls.mode;
        assert_eq!(mode(""), TlsMode::Prefer);
        assert_eq!(mode("sslmode=disable"), TlsMode::Disable);
        assert_eq!(mode("sslmode=require"), TlsMode::Require);
        assert_eq!(mode("sslmode=require&sslrootcert=/ca"), TlsMode::VerifyCa);
        assert_eq!(
            mode("sslmode=verify-full&sslrootcert=/ca"),
            TlsMode::VerifyFull
        );
    }
}
