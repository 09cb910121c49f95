//! What checking a signed request costs, without HTTP and database.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use keystone::crypto::ec2_signature::{S3StringToSign, SignedRequest};
use keystone::model::Secret;
use serde_json::{Map, Value, json};
use std::hint::black_box;

fn members(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn bench(criterion: &mut Criterion) {
    let secret = Secret::from("h7GhxuBLTrlhVUyxSPUKUV8r/2EI4ngqJxD7iBdBYLhwluN30JaT3Q==");
    let params = members(json!({
        "AWSAccessKeyId": "0555b35654ad1656d804", "Action": "DescribeInstances",
        "SignatureMethod": "HmacSHA256", "SignatureVersion": "2",
        "Timestamp": "2026-01-01T00:00:00Z", "Version": "2016-11-15",
    }));
    let headers = members(json!({
        "Authorization": "AWS4-HMAC-SHA256 Credential=0555b35654ad1656d804/20260101/us-east-1/ec2/\
            aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=x",
        "Content-Type": "application/x-www-form-urlencoded", "Host": "cloud.example.org",
        "X-Amz-Date": "20260101T000000Z",
    }));
    let none = Map::new();
    let request = SignedRequest {
        params: &params,
        headers: &none,
        verb: Some("POST"),
        host: Some("cloud.example.org"),
        path: Some("/services/Cloud"),
        body_hash: Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    };
    let version_4 = SignedRequest {
        params: &none,
        headers: &headers,
        ..request
    };
    for (name, request) in [("2", request), ("4", version_4)] {
        let signature = request.signature(&secret).expect("a signed request");
        criterion.bench_function(&format!("ec2 signature: version {name}"), |bencher| {
            bencher.iter(|| request.is_signed(black_box(&secret), &signature));
        });
    }
    let text = "AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/us-east-1/s3/aws4_request\n\
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let token = STANDARD.encode(text);
    criterion.bench_function("s3 signature: version 4", |bencher| {
        bencher.iter(|| {
            let text = S3StringToSign::decode(black_box(&token)).expect("base64");
            text.is_signed(&secret, "none")
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
