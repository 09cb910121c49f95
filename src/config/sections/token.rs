//! Authentication, tokens and everything that delegates.

use crate::config::field::{choices, section};
use crate::config::option::{default, unset};
use crate::model::Secret;
use std::path::PathBuf;

choices! {
    /// Algorithm that signs JWS tokens.
    JwsAlgorithm {
        /// ECDSA, P-256, SHA-256.
        Es256 = "ES256",
        /// ECDSA, P-384, SHA-384.
        Es384 = "ES384",
        /// ECDSA, P-521, SHA-512.
        Es512 = "ES512",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

section! {
    /// Authentication methods.
    Auth in "auth" {
        /// Methods that are allowed. Their order is part of Fernet tokens: all servers that
        /// share tokens need the same.
        methods: Vec<String> =
            default("external,password,token,oauth1,mapped,application_credential,ec2credential");

        /// Plugin of the password method.
        password: Option<String> = unset();

        /// Plugin of the token method.
        token: Option<String> = unset();

        /// Plugin of the external method: DefaultDomain or Domain.
        external: Option<String> = unset();

        /// Plugin of the oauth1 method.
        oauth1: Option<String> = unset();

        /// Plugin of the mapped method.
        mapped: Option<String> = unset();

        /// Plugin of the application_credential method.
        application_credential: Option<String> = unset();

        /// Plugin of the ec2credential method.
        ec2credential: Option<String> = unset();

        /// Further methods that count as a user's own authentication, not as a delegation.
        additional_primary_auth_methods: Vec<String> = default("");
    }
}

section! {
    /// Tokens.
    Token in "token" {
        /// Seconds that a token lives.
        expiration: u64 = default("3600").min(0);

        /// Format of new tokens: fernet, jws, uuid, pki or pkiz.
        provider: String = default("fernet");

        /// Formats that are accepted besides; when none is given, all those whose keys are there.
        accept: Vec<String> = default("");

        /// Hash that makes short ids of PKI tokens: md5, sha1, sha224 or sha256.
        hash_algorithm: String = default("md5");

        /// Where UUID, PKI and PKIZ tokens are kept: sql, memory (also called kvs), redis, or
        /// memcached (also called memcache and memcache_pool).
        driver: String = default("sql");

        /// Cache validated tokens.
        caching: bool = default("true");

        /// Seconds that a cached token stays valid; unset means `[cache] expiration_time`.
        cache_time: Option<u64> = unset().min(0);

        /// Revoke single tokens by their id.
        revoke_by_id: bool = default("true");

        /// Let users get a token from one that has a scope already.
        allow_rescope_scoped_token: bool = default("true");

        /// Cache a token when it is made.
        cache_on_issue: bool = default("true").obsolete();

        /// Seconds after its end in which services may still validate a token with
        /// ?allow_expired=1.
        allow_expired_window: i64 = default("172800");
    }
}

section! {
    /// Certificates that sign PKI tokens and the list of revoked tokens.
    Signing in "signing" {
        /// PEM file with the certificate that signs.
        certfile: PathBuf = default("/etc/keystone/ssl/certs/signing_cert.pem");

        /// PEM file with its private key.
        keyfile: PathBuf = default("/etc/keystone/ssl/private/signing_key.pem");

        /// PEM file with the certificate authority's certificate.
        ca_certs: PathBuf = default("/etc/keystone/ssl/certs/ca.pem");

        /// PEM file with the certificate authority's private key; pki_setup writes it.
        ca_key: PathBuf = default("/etc/keystone/ssl/private/cakey.pem");

        /// Bits of the keys that pki_setup makes: 2048, 3072 or 4096.
        key_size: u64 = default("2048").min(1024);

        /// Days that its certificates are valid.
        valid_days: u64 = default("3650").min(0);

        /// Subject of its certificates.
        cert_subject: String = default("/C=US/ST=Unset/L=Unset/O=Unset/CN=www.example.com");
    }
}

section! {
    /// Certificate for a TLS server, as ssl_setup makes it.
    EventletServerSsl in "eventlet_server_ssl" {
        /// PEM file with the server's certificate.
        certfile: PathBuf = default("/etc/keystone/ssl/certs/keystone.pem");

        /// PEM file with its private key.
        keyfile: PathBuf = default("/etc/keystone/ssl/private/keystonekey.pem");

        /// PEM file with the certificate authority's certificate.
        ca_certs: PathBuf = default("/etc/keystone/ssl/certs/ca.pem");
    }
}

section! {
    /// How ssl_setup makes it.
    Ssl in "ssl" {
        /// PEM file with the certificate authority's private key.
        ca_key: PathBuf = default("/etc/keystone/ssl/private/cakey.pem");

        /// Bits of the keys: 2048, 3072 or 4096.
        key_size: u64 = default("2048").min(1024);

        /// Days that the certificates are valid.
        valid_days: u64 = default("3650").min(0);

        /// Subject of the certificates.
        cert_subject: String = default("/C=US/ST=Unset/L=Unset/O=Unset/CN=localhost");
    }
}

section! {
    /// Stores of persisted tokens other than the database and memcached.
    TokenStore in "token_store" {
        /// Most tokens that the memory driver keeps; the ones that end first make room.
        memory_limit: u64 = default("100000").min(1);

        /// Where the redis driver finds Redis or Valkey: redis://[user:password@]host[:port]/[database],
        /// or rediss:// for TLS.
        redis_url: Secret = default("redis://localhost:6379/0");

        /// PEM file with the CA certificates that its certificate is checked by; the system's when unset.
        redis_ca_file: Option<PathBuf> = unset();

        /// PEM file with the certificate that it gets to see, where it asks for one.
        redis_cert_file: Option<PathBuf> = unset();

        /// PEM file with the key of that certificate.
        redis_key_file: Option<PathBuf> = unset();

        /// What the names of its keys begin with.
        redis_prefix: String = default("keystone:");

        /// Seconds to wait for it.
        redis_timeout: f64 = default("1.0");
    }
}

section! {
    /// Memcached, as the token driver uses it.
    Memcache in "memcache" {
        /// Addresses of the servers, as host:port. All keystones need the same in the same order.
        servers: Vec<String> = default("localhost:11211");

        /// Seconds to wait for a server.
        socket_timeout: f64 = default("3");

        /// Most unused connections that are kept to each server.
        pool_maxsize: u64 = default("10").min(0);

        /// Kept for old configuration files; nothing reads it.
        dead_retry: i64 = default("300").obsolete();

        /// Kept for old configuration files; nothing reads it.
        pool_unused_timeout: i64 = default("60").obsolete();

        /// Kept for old configuration files; nothing reads it.
        pool_connection_get_timeout: i64 = default("10").obsolete();
    }
}

section! {
    /// Keys of Fernet tokens.
    FernetTokens in "fernet_tokens" {
        /// Folder with the keys.
        key_repository: PathBuf = default("/etc/keystone/fernet-keys/");

        /// How many keys a rotation keeps.
        max_active_keys: u64 = default("3").min(1);
    }
}

section! {
    /// Keys of Fernet receipts.
    FernetReceipts in "fernet_receipts" {
        /// Folder with the keys; by default that of the tokens.
        key_repository: PathBuf = default("/etc/keystone/fernet-keys/");

        /// How many keys a rotation keeps, unless the folder is that of the tokens.
        max_active_keys: u64 = default("3").min(1);
    }
}

section! {
    /// Keys of JWS tokens.
    JwtTokens in "jwt_tokens" {
        /// Folder with the public keys; each of them verifies tokens.
        jws_public_key_repository: PathBuf = default("/etc/keystone/jws-keys/public");

        /// Folder with private.pem, the key that signs tokens.
        jws_private_key_repository: PathBuf = default("/etc/keystone/jws-keys/private");

        /// Algorithm that signs new tokens.
        jws_algorithm: JwsAlgorithm = default("ES256");

        /// Algorithms that verified tokens may have.
        jws_accepted_algorithms: Vec<String> = default("ES256");
    }
}

section! {
    /// Receipts of a login that needs several methods.
    Receipt in "receipt" {
        /// Seconds that a receipt lives.
        expiration: u64 = default("300").min(0).max(86400);

        /// Format of receipts.
        provider: String = default("fernet");

        /// Cache receipts.
        caching: bool = default("true");

        /// Seconds that a cached receipt stays valid; unset means `[cache] expiration_time`.
        cache_time: Option<u64> = default("300").min(0);

        /// Cache a receipt when it is made.
        cache_on_issue: bool = default("true");
    }
}

section! {
    /// Revocation of tokens.
    Revoke in "revoke" {
        /// Where revocations are kept.
        driver: String = default("sql");

        /// Seconds that a revocation is kept longer than the longest token lives.
        expiration_buffer: u64 = default("1800").min(0);

        /// Cache revocations.
        caching: bool = default("true");

        /// Seconds that cached revocations stay valid; unset means `[cache] expiration_time`.
        cache_time: Option<i64> = default("3600").deprecated(&[("token", "revocation_cache_time")]);
    }
}

section! {
    /// Trusts.
    Trust in "trust" {
        /// Kept for old configuration files; nothing reads it.
        allow_redelegation: bool = default("false");

        /// How many times at most a trust may be passed on.
        max_redelegation_count: i64 = default("3");

        /// Where trusts are kept.
        driver: String = default("sql");
    }
}

section! {
    /// Requests that carry a client certificate instead of a token.
    TokenlessAuth in "tokenless_auth" {
        /// Issuer of accepted client certificates; none means that the feature is off.
        trusted_issuer: Vec<String> = default("").multi();

        /// Federation protocol that finds the mapping.
        protocol: String = default("x509");

        /// Variable of the request that holds the issuer.
        issuer_attribute: String = default("SSL_CLIENT_I_DN");
    }
}

section! {
    /// OAuth 1.0a.
    Oauth1 in "oauth1" {
        /// Where consumers and tokens are kept.
        driver: String = default("sql");

        /// Seconds that a request token lives; 0 is for ever.
        request_token_duration: u64 = default("28800").min(0);

        /// Seconds that an access token lives; 0 is for ever.
        access_token_duration: u64 = default("86400").min(0);
    }
}

section! {
    /// OAuth 2.0 client credentials.
    Oauth2 in "oauth2" {
        /// Ways in which clients may authenticate.
        oauth2_authn_methods: Vec<String> = default("tls_client_auth,client_secret_basic");

        /// Mapping that is applied to the names in a client certificate.
        oauth2_cert_dn_mapping_id: String = default("oauth2_mapping");
    }
}
