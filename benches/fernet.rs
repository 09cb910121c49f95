//! What a Fernet token costs: decoding one, making one, and both as rescoping does.

use criterion::{Criterion, criterion_group, criterion_main};
use keystone::crypto::fernet::{FernetKey, FernetKeys};
use keystone::model::Timestamp;
use keystone::model::token::{TokenOrigin, TokenPayload, TokenScope};
use keystone::token::{PayloadCodec, audit_id, fernet};
use std::hint::black_box;

fn token() -> TokenPayload {
    let issued_at = Timestamp::from_seconds(1_767_225_600).expect("a time of this century");
    TokenPayload {
        user_id: "1".repeat(32).into(),
        methods: vec!["password".into()],
        issued_at,
        expires_at: issued_at.plus_seconds(3600),
        audit_ids: audit_id::for_new_token(None),
        scope: TokenScope::Project("2".repeat(32).into()),
        origin: TokenOrigin::Direct,
    }
}

fn bench(criterion: &mut Criterion) {
    let new_key = || FernetKey::parse(&FernetKey::generate().expect("randomness")).expect("a key");
    let (primary, staged) = (new_key(), new_key());
    let keys = FernetKeys::new(vec![primary.clone(), staged.clone()]).expect("two keys");
    let rotated = FernetKeys::new(vec![staged, primary]).expect("two keys");
    let codec = PayloadCodec {
        methods: ["external", "password", "token"].map(String::from).to_vec(),
        default_domain_id: "default".into(),
    };
    let text = fernet::encode(&keys, &codec, &token()).expect("a token");

    criterion.bench_function("fernet: decode", |bencher| {
        bencher.iter(|| fernet::decode(&keys, &codec, black_box(&text)));
    });
    criterion.bench_function("fernet: decode with the second key", |bencher| {
        bencher.iter(|| fernet::decode(&rotated, &codec, black_box(&text)));
    });
    let payload = token();
    criterion.bench_function("fernet: encode", |bencher| {
        bencher.iter(|| fernet::encode(&keys, &codec, black_box(&payload)));
    });
    criterion.bench_function("fernet: decode and encode", |bencher| {
        bencher.iter(|| {
            let token = fernet::decode(&keys, &codec, black_box(&text)).expect("our own token");
            fernet::encode(&keys, &codec, &token)
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
