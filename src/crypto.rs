//! Keys, ciphers and password hashes: pure functions and files, nothing of HTTP or SQL.

pub mod authority;
pub mod client_certificate;
pub mod cms;
pub mod credential_cipher;
pub mod ec2_signature;
pub mod fernet;
pub mod hashing_pool;
pub mod jws_keys;
pub mod key_repository;
pub mod oauth1;
pub mod password;
pub mod saml;
pub mod totp;

pub(crate) mod files;

pub use files::Owner;

use crate::{Error, Result};

/// So many random bytes from the operating system's generator.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill_random(&mut bytes)?;
    Ok(bytes)
}

/// Fills a buffer with random bytes.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| Error::internal("no random bytes to be had"))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}
