//! `[ldap]`; also the shape of a single domain's own driver.

use crate::config::field::section;
use crate::config::option::{default, unset};
use crate::model::Secret;
use std::path::PathBuf;

section! {
    /// Users and groups in LDAP.
    Ldap in "ldap" {
        /// Servers, separated by commas.
        url: String = default("ldap://localhost");

        /// Try the servers in random order.
        randomize_urls: bool = default("false");

        /// DN to bind with; unset binds anonymously.
        user: Option<String> = unset();

        /// Password of that DN.
        password: Option<Secret> = unset();

        /// Base of the tree.
        suffix: String = default("cn=example,cn=com");

        /// Depth of searches: one level, or the whole subtree.
        query_scope: String = default("one").choices(&["one", "sub"]);

        /// Entries in a page of results; 0 turns paging off.
        page_size: u64 = default("0").min(0);

        /// When aliases are followed.
        alias_dereferencing: String = default("default")
            .choices(&["never", "searching", "always", "finding", "default"]);

        /// Debug level of the LDAP library. Nothing reads it here: the library is another one, and logs
        /// as the program does.
        debug_level: Option<i64> = unset().min(-1);

        /// Follow referrals; unset does so. Nobody is bound where they lead.
        chase_referrals: Option<bool> = unset();

        /// Base of users; unset means ou=Users below the suffix.
        user_tree_dn: Option<String> = unset();

        /// Filter added to searches for users.
        user_filter: Option<String> = unset();

        /// Object class of users.
        user_objectclass: String = default("inetOrgPerson");

        /// Attribute of a user's id.
        user_id_attribute: String = default("cn");

        /// Attribute of a user's name.
        user_name_attribute: String = default("sn");

        /// Attribute of a user's description.
        user_description_attribute: String = default("description");

        /// Attribute of a user's e-mail.
        user_mail_attribute: String = default("mail");

        /// Attribute of a user's password. Nothing reads it here: passwords are proved by binding.
        user_pass_attribute: String = default("userPassword");

        /// Attribute that says whether a user is enabled.
        user_enabled_attribute: String = default("enabled");

        /// That attribute says the opposite.
        user_enabled_invert: bool = default("false");

        /// Bit of that attribute that says it; 0 means that the whole attribute does.
        user_enabled_mask: u64 = default("0").min(0);

        /// Value of that attribute for users without it.
        user_enabled_default: String = default("True");

        /// Attributes of users that are not read.
        user_attribute_ignore: Vec<String> = default("default_project_id");

        /// Attribute of a user's default project.
        user_default_project_id_attribute: Option<String> = unset();

        /// Enabled users are the members of a group.
        user_enabled_emulation: bool = default("false");

        /// DN of that group; unset means cn=enabled_users below the users' base.
        user_enabled_emulation_dn: Option<String> = unset();

        /// That group has the attributes of other groups.
        user_enabled_emulation_use_group_config: bool = default("false");

        /// Further attributes of users, as ldap_attribute:field. Nothing reads it here, nor does Keystone
        /// since it writes no users.
        user_additional_attribute_mapping: Vec<String> = default("");

        /// Base of groups; unset means ou=UserGroups below the suffix.
        group_tree_dn: Option<String> = unset();

        /// Filter added to searches for groups.
        group_filter: Option<String> = unset();

        /// Object class of groups.
        group_objectclass: String = default("groupOfNames");

        /// Attribute of a group's id.
        group_id_attribute: String = default("cn");

        /// Attribute of a group's name.
        group_name_attribute: String = default("ou");

        /// Attribute of a group's members.
        group_member_attribute: String = default("member");

        /// Members are user ids, not DNs.
        group_members_are_ids: bool = default("false");

        /// Attribute of a group's description.
        group_desc_attribute: String = default("description");

        /// Attributes of groups that are not read.
        group_attribute_ignore: Vec<String> = default("");

        /// Further attributes of groups, as ldap_attribute:field. Nothing reads it here, nor does Keystone
        /// since it writes no groups.
        group_additional_attribute_mapping: Vec<String> = default("");

        /// Look for nested groups in Active Directory's way.
        group_ad_nesting: bool = default("false");

        /// PEM file with the authorities that sign the servers' certificates; unset means the
        /// system's.
        tls_cacertfile: Option<PathBuf> = unset();

        /// Folder with such files.
        tls_cacertdir: Option<PathBuf> = unset();

        /// Start TLS on a plain connection.
        use_tls: bool = default("false");

        /// Whether the server's certificate must be valid; never and allow take any.
        tls_req_cert: String = default("demand").choices(&["demand", "never", "allow"]);

        /// Seconds to wait for a connection and for each answer, where none are kept; -1 means 10 and
        /// 30.
        connection_timeout: i64 = default("-1").min(-1);

        /// Keep connections open.
        use_pool: bool = default("true");

        /// Connections that are open at most.
        pool_size: u64 = default("10").min(1);

        /// How many times a connection to a server is tried.
        pool_retry_max: u64 = default("3").min(1);

        /// Seconds between these attempts.
        pool_retry_delay: f64 = default("0.1");

        /// Seconds to wait for a connection that is to be kept, and for each answer; -1 means 10 and
        /// 30.
        pool_connection_timeout: i64 = default("-1").min(-1);

        /// Seconds that a connection is kept.
        pool_connection_lifetime: u64 = default("600").min(1);

        /// Keep the connections that verify users' passwords, too.
        use_auth_pool: bool = default("true");

        /// Such connections that are open at most.
        auth_pool_size: u64 = default("100").min(1);

        /// Seconds that such a connection is kept.
        auth_pool_connection_lifetime: u64 = default("60").min(1);
    }
}
