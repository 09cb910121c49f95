//! Users, groups, credentials, and the rules for passwords.

use crate::config::field::{choices, section};
use crate::config::option::{default, unset};
use crate::model::Secret;
use std::collections::BTreeMap;
use std::path::PathBuf;

choices! {
    /// How new passwords are hashed.
    HashAlgorithm {
        /// Argon2id.
        Argon2 = "argon2",
        /// bcrypt of at most 72 bytes.
        Bcrypt = "bcrypt",
        /// bcrypt of the password's SHA-256.
        BcryptSha256 = "bcrypt_sha256",
        /// scrypt.
        Scrypt = "scrypt",
        /// PBKDF2 with HMAC-SHA-512.
        Pbkdf2Sha512 = "pbkdf2_sha512",
    }
}

section! {
    /// Users, groups and their passwords.
    Identity in "identity" {
        /// Id of the domain that is meant when a request names none.
        default_domain_id: String = default("default");

        /// Let single domains have identity drivers of their own.
        domain_specific_drivers_enabled: bool = default("false");

        /// Read the domains' own configurations from the database instead of files.
        domain_configurations_from_database: bool = default("false");

        /// Folder with a `keystone.<domain>.conf` for each domain that has its own driver.
        domain_config_dir: PathBuf = default("/etc/keystone/domains");

        /// Where users and groups are kept: sql, or ldap.
        driver: String = default("sql");

        /// Cache what this group reads.
        caching: bool = default("true");

        /// Seconds that is believed what a directory said of its users and groups. Where nothing is set
        /// it is five, as for all facts that others may change.
        cache_time: Option<i64> = default("600");

        /// Longest password in bytes; see `[DEFAULT] strict_password_check` for what happens
        /// beyond it.
        max_password_length: i64 = default("4096").max(4096);

        /// Most users or groups that one response returns.
        list_limit: Option<i64> = unset();

        /// How new passwords are hashed; every form is verified. Unset means argon2 in a
        /// database made by this program, and bcrypt in one made by Python's Keystone.
        password_hash_algorithm: Option<HashAlgorithm> = unset();

        /// Cost of bcrypt (binary logarithm, 12 when unset) or rounds of pbkdf2_sha512 (25000
        /// when unset).
        password_hash_rounds: Option<i64> = unset();

        /// Parameter r of scrypt; 8 when unset.
        scrypt_block_size: Option<i64> = unset();

        /// Parameter p of scrypt; 1 when unset.
        scrypt_parallelism: Option<i64> = unset();

        /// Bytes of salt for scrypt and pbkdf2_sha512; 16 when unset.
        salt_bytesize: Option<u64> = unset().min(0).max(96);

        /// Memory of one Argon2id hash in KiB.
        argon2_memory_cost: u32 = default("19456").min(8);

        /// Passes of Argon2id over its memory.
        argon2_time_cost: u32 = default("2").min(1);

        /// Lanes of Argon2id.
        argon2_parallelism: u32 = default("1").min(1);

        /// How many passwords are hashed at the same time; 0 means one for each processor.
        password_hash_concurrency: u32 = default("0");

        /// How many more may wait for their turn; beyond it clients are told to come back
        /// later.
        password_hash_queue: u32 = default("256");
    }
}

section! {
    /// Public ids of users and groups that come from LDAP.
    IdentityMapping in "identity_mapping" {
        /// How a public id is made from domain, kind and local id.
        generator: String = default("sha256");

        /// Keep the local ids of the default domain's users and groups as their public ids.
        backward_compatible_ids: bool = default("true");

        /// Where the mapping of ids is kept.
        driver: String = default("sql");
    }
}

section! {
    /// Rules for passwords and accounts.
    SecurityCompliance in "security_compliance" {
        /// Days without a login after which a user counts as disabled; unset means never.
        disable_user_account_days_inactive: Option<u64> = unset().min(1);

        /// Wrong passwords in a row after which an account is locked; unset means never.
        lockout_failure_attempts: Option<u64> = unset().min(1);

        /// Seconds that a locked account stays locked; empty means until an administrator
        /// enables it.
        lockout_duration: Option<u64> = default("1800").min(1);

        /// Days that a new password stays valid; unset means for ever.
        password_expires_days: Option<u64> = unset().min(1);

        /// How many of a user's last passwords may not be used again; 0 means that any may.
        unique_last_password_count: u64 = default("0").min(0);

        /// Days that must pass before users may change a password again.
        minimum_password_age: u64 = default("0").min(0);

        /// Regular expression that new passwords must match; unset means any password.
        password_regex: Option<String> = unset();

        /// What password_regex asks for, in words for people.
        password_regex_description: Option<String> = unset();

        /// Make users change a password that an administrator gave them.
        change_password_upon_first_use: bool = default("false");

        /// Where a partial hash of a wrong password is reported.
        report_invalid_password_hash: Vec<String> = default("").choices(&["event"]);

        /// Key of that hash.
        invalid_password_hash_secret_key: Option<Secret> = unset();

        /// Digest of that hash.
        invalid_password_hash_function: String = default("sha256");

        /// How many characters of that hash are reported; unset means all.
        invalid_password_hash_max_chars: Option<u64> = unset().min(1);

        /// Let tokens of application credentials manage trusts, as old releases did.
        allow_insecure_application_credential_trust_escalation: bool = default("false").obsolete();

        /// Let administrators with delegated tokens read the EC2 credentials of other projects,
        /// as old releases did.
        allow_insecure_admin_trust_cross_project_credentials_access: bool = default("false")
            .obsolete();
    }
}

section! {
    /// Local records of users that come from elsewhere.
    ShadowUsers in "shadow_users" {
        /// Where these records are kept.
        driver: String = default("sql");
    }
}

section! {
    /// Credentials of users, such as EC2 keys and TOTP secrets.
    Credential in "credential" {
        /// How stored credentials are encrypted.
        provider: String = default("fernet");

        /// Folder with the keys that encrypt stored credentials.
        key_repository: PathBuf = default("/etc/keystone/credential-keys/");

        /// Cache what this group reads.
        caching: bool = default("true");

        /// Seconds that cached credentials stay valid; unset means `[cache] expiration_time`.
        cache_time: Option<i64> = unset();

        /// Minutes that a signed EC2 or S3 request stays acceptable.
        auth_ttl: i64 = default("15");

        /// Most credentials of one user; -1 is no limit.
        user_limit: i64 = default("-1");

        /// Where credentials are kept.
        driver: String = default("sql");
    }
}

section! {
    /// Application credentials.
    ApplicationCredential in "application_credential" {
        /// Where application credentials are kept.
        driver: String = default("sql");

        /// Cache what this group reads.
        caching: bool = default("true");

        /// Seconds that cached application credentials stay valid; unset means
        /// `[cache] expiration_time`.
        cache_time: Option<i64> = unset();

        /// Most application credentials of one user; -1 is no limit.
        user_limit: i64 = default("-1");
    }
}

section! {
    /// Time-based one-time passwords.
    Totp in "totp" {
        /// How many earlier windows of 30 seconds are accepted, too.
        included_previous_windows: u64 = default("1").min(0).max(10);
    }
}

section! {
    /// Configurations of single domains.
    DomainConfig in "domain_config" {
        /// Where the domains' configurations are kept.
        driver: String = default("sql");

        /// Cache what this group reads.
        caching: bool = default("true");

        /// Seconds that cached configurations stay valid; unset means
        /// `[cache] expiration_time`.
        cache_time: Option<i64> = default("300");

        /// Further options that a domain may set, by group.
        additional_whitelisted_options: BTreeMap<String, Vec<String>> = unset();

        /// Further options that a domain may set and never read back, by group.
        additional_sensitive_options: BTreeMap<String, Vec<String>> = unset();
    }
}
