//! Receipts: what a user gets who has passed some, but not all, of the methods required.
//!
//! In the header `Openstack-Auth-Receipt`. A Fernet envelope around the MessagePack array
//! `[user, methods, expires_at]`, which has no version.

use super::fernet::unpadded;
use super::msgpack::{Reader, Writer};
use super::payload::{PayloadCodec, read_id, read_time, write_id, write_time};
use crate::Result;
use crate::crypto::fernet::FernetKeys;
use crate::model::{Timestamp, UserId};

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who is authenticating.
    pub user_id: UserId,
    /// The methods passed so far.
    pub methods: Vec<String>,
    /// When it was made; whole seconds.
    pub issued_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// Writes receipts and reads them back.
pub struct ReceiptProvider {
    /// `None` where there is no repository: then nobody gets a receipt.
    keys: Option<FernetKeys>,
    codec: PayloadCodec,
}

impl ReceiptProvider {
    /// A provider with the keys of `[fernet_receipts]`.
    pub fn new(keys: Option<FernetKeys>, codec: PayloadCodec) -> Self {
        Self { keys, codec }
    }

    /// The receipt's text; `None` without keys.
    pub fn encode(&self, receipt: &Receipt) -> Result<Option<String>> {
        let keys = self.keys.as_ref();
        keys.map(|keys| encode(keys, &self.codec, receipt))
            .transpose()
    }

    /// What a receipt says; `None` when it is not one of ours.
    pub fn decode(&self, text: &str) -> Option<Receipt> {
        decode(self.keys.as_ref()?, &self.codec, text)
    }
}

/// The receipt's text.
pub fn encode(keys: &FernetKeys, codec: &PayloadCodec, receipt: &Receipt) -> Result<String> {
    let payload = encode_payload(codec, receipt);
    Ok(unpadded(
        keys.encrypt(&payload, receipt.issued_at.seconds())?,
    ))
}

/// What a receipt says; `None` when none of the keys made it. Whether it has expired, and whose it
/// is, is not looked at.
pub fn decode(keys: &FernetKeys, codec: &PayloadCodec, text: &str) -> Option<Receipt> {
    let (payload, issued_at) = keys.decrypt(text)?;
    decode_payload(codec, &payload, Timestamp::from_seconds(issued_at)?)
}

fn encode_payload(codec: &PayloadCodec, receipt: &Receipt) -> Vec<u8> {
    let mut out = Writer::default();
    out.array(3);
    write_id(&mut out, Some(&receipt.user_id));
    out.integer(codec.method_mask(&receipt.methods));
    write_time(&mut out, receipt.expires_at);
    out.finish()
}

fn decode_payload(codec: &PayloadCodec, payload: &[u8], issued_at: Timestamp) -> Option<Receipt> {
    let mut input = Reader::new(payload);
    // Tokens share the keys but start with a version, so that neither passes for the other.
    if input.array()? != 3 {
        return None;
    }
    let receipt = Receipt {
        user_id: read_id(&mut input)??.into(),
        methods: codec.methods_of(input.integer()?),
        issued_at,
        expires_at: read_time(&mut input)?,
    };
    input.is_at_end().then_some(receipt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::golden;
    use proptest::prelude::*;

    fn receipt(golden: &golden::Golden) -> Receipt {
        Receipt {
            user_id: golden.receipt.user_id.as_str().into(),
            methods: golden.receipt.methods.clone(),
            issued_at: Timestamp::from_seconds(golden.issued_at).unwrap(),
            expires_at: Timestamp::from_seconds(golden.receipt.expires_at).unwrap(),
        }
    }

    #[test]
    fn receipts_are_those_of_python_in_both_directions() {
        let golden = golden::read();
        let (keys, codec) = (golden.keys(), golden.codec());
        let receipt = receipt(&golden);
        let payload = encode_payload(&codec, &receipt);
        assert_eq!(crate::crypto::hex(&payload), golden.receipt.msgpack);
        let text = keys
            .encrypt_at(&payload, golden.issued_at, golden.iv)
            .unwrap();
        assert_eq!(unpadded(text), golden.receipt.token);
        assert_eq!(decode(&keys, &codec, &golden.receipt.token), Some(receipt));
    }

    #[test]
    fn a_token_is_no_receipt_and_a_receipt_is_no_token() {
        let golden = golden::read();
        let (keys, codec) = (golden.keys(), golden.codec());
        let text = encode(&keys, &codec, &receipt(&golden)).unwrap();
        assert_eq!(super::super::fernet::decode(&keys, &codec, &text), None);
        for vector in &golden.fernet {
            assert_eq!(decode(&keys, &codec, &vector.token), None);
        }
    }

    proptest! {
        #[test]
        fn no_payload_panics(payload: Vec<u8>) {
            let codec = golden::read().codec();
            let _ = decode_payload(&codec, &payload, Timestamp::from_seconds(0).unwrap());
        }
    }
}
