//! What can be typed.

use crate::config::Place;
use crate::driver::sql::flush::FULL;
use crate::model::Secret;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Which program is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `keystone`, which serves when no subcommand is given.
    Keystone,
    /// `keystone-manage`, which needs a subcommand.
    KeystoneManage,
    /// `keystone-status`, which needs another one.
    KeystoneStatus,
}

impl Program {
    /// The program's name, as messages and the usage text show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keystone => "keystone",
            Self::KeystoneManage => "keystone-manage",
            Self::KeystoneStatus => "keystone-status",
        }
    }
}

/// A command line.
#[derive(Debug, Parser)]
#[command(disable_version_flag = true, about = "OpenStack's identity service")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    /// Print the version and exit
    #[arg(long)]
    pub version: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Arguments {
    /// Reads a command line, whose first word is the program's name.
    pub fn parse(
        program: Program,
        words: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        let mut command = Self::command()
            .name(program.name())
            .bin_name(program.name());
        let matches = command.try_get_matches_from_mut(words)?;
        let arguments = Self::from_arg_matches(&matches)?;
        if program == Program::KeystoneManage && arguments.command.is_none() && !arguments.version {
            let kind = clap::error::ErrorKind::MissingSubcommand;
            return Err(command.error(kind, "a subcommand is needed; --help lists them"));
        }
        Ok(arguments)
    }
}

/// Options that every subcommand takes.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Configuration file; may be repeated, a later file or folder wins
    #[arg(long, value_name = "FILE", global = true, value_parser = typed())]
    config_file: Vec<Typed>,
    /// Folder whose *.conf files are read; may be repeated, a later file or folder wins
    #[arg(long, value_name = "DIR", global = true, value_parser = typed())]
    config_dir: Vec<Typed>,
    /// Where to keep everything when there is no configuration file
    /// [default: $XDG_STATE_HOME/keystone or ~/.local/state/keystone]
    #[arg(long, value_name = "DIR", global = true)]
    pub state_dir: Option<PathBuf>,
    /// Address and port of the public API, instead of [server] bind
    #[arg(long, value_name = "ADDR:PORT", global = true)]
    pub bind: Option<String>,
    /// Address and port of the API for administrators, or none, instead of [server] admin_bind
    #[arg(long, value_name = "ADDR:PORT|none", global = true)]
    pub admin_bind: Option<String>,
    #[command(flatten)]
    log: Log,
}

/// Options of the log. Each sets the option of its name in `[DEFAULT]`.
#[derive(Debug, Args)]
struct Log {
    /// Log details for debugging, too
    #[arg(long, short, global = true, overrides_with = "nodebug")]
    debug: bool,
    #[arg(long, global = true, overrides_with = "debug", hide = true)]
    nodebug: bool,
    /// Write each log entry as one JSON object
    #[arg(long, global = true, overrides_with = "nouse_json")]
    use_json: bool,
    #[arg(long, global = true, overrides_with = "use_json", hide = true)]
    nouse_json: bool,
    #[arg(long, global = true, overrides_with = "nouse_syslog", hide = true)]
    use_syslog: bool,
    #[arg(long, global = true, overrides_with = "use_syslog", hide = true)]
    nouse_syslog: bool,
    #[arg(long, global = true, overrides_with = "nouse_journal", hide = true)]
    use_journal: bool,
    #[arg(long, global = true, overrides_with = "use_journal", hide = true)]
    nouse_journal: bool,
    /// File that the log goes to
    #[arg(long, visible_alias = "logfile", value_name = "FILE", global = true)]
    log_file: Option<String>,
    /// Folder that a relative log file is in
    #[arg(long, visible_alias = "logdir", value_name = "DIR", global = true)]
    log_dir: Option<String>,
    /// Format of the time in log lines, as strftime takes it
    #[arg(long, value_name = "FORMAT", global = true)]
    log_date_format: Option<String>,
    #[arg(long, aliases = ["log-config", "log_config"], global = true, hide = true)]
    log_config_append: Option<String>,
    #[arg(long, global = true, hide = true)]
    syslog_log_facility: Option<String>,
    /// A log file that was moved away is noticed in any case
    #[arg(long, global = true, hide = true)]
    watch_log_file: bool,
    #[arg(long, global = true, hide = true)]
    nowatch_log_file: bool,
}

/// A path and where it stands among all that were typed: the options for files and for folders are
/// collected apart, and their order counts.
#[derive(Clone, Debug)]
struct Typed {
    order: usize,
    path: PathBuf,
}

fn typed() -> impl TypedValueParser<Value = Typed> {
    // Grows with every path that is read; where it begins does not matter.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    PathBufValueParser::new().map(|path| Typed {
        order: NEXT.fetch_add(1, Ordering::Relaxed),
        path,
    })
}

impl Global {
    /// Configuration files and folders in the order in which they were typed.
    pub fn places(&self) -> Vec<Place> {
        let files = self.config_file.iter().map(|typed| (typed, true));
        let dirs = self.config_dir.iter().map(|typed| (typed, false));
        let mut all: Vec<_> = files.chain(dirs).collect();
        all.sort_by_key(|(typed, _)| typed.order);
        all.into_iter()
            .map(|(typed, is_file)| match is_file {
                true => Place::File(typed.path.clone()),
                false => Place::Dir(typed.path.clone()),
            })
            .collect()
    }

    /// The flags as group, option and value.
    pub fn settings(&self) -> Vec<(String, String, String)> {
        let log = &self.log;
        let flag = |yes: bool, no: bool| match (yes, no) {
            (true, _) => Some("true".to_owned()),
            (_, true) => Some("false".to_owned()),
            _ => None,
        };
        let settings = [
            ("server", "bind", self.bind.clone()),
            ("server", "admin_bind", self.admin_bind.clone()),
            ("DEFAULT", "debug", flag(log.debug, log.nodebug)),
            ("DEFAULT", "use_json", flag(log.use_json, log.nouse_json)),
            (
                "DEFAULT",
                "use_syslog",
                flag(log.use_syslog, log.nouse_syslog),
            ),
            (
                "DEFAULT",
                "use_journal",
                flag(log.use_journal, log.nouse_journal),
            ),
            ("DEFAULT", "log_file", log.log_file.clone()),
            ("DEFAULT", "log_dir", log.log_dir.clone()),
            ("DEFAULT", "log_date_format", log.log_date_format.clone()),
            (
                "DEFAULT",
                "log_config_append",
                log.log_config_append.clone(),
            ),
            (
                "DEFAULT",
                "syslog_log_facility",
                log.syslog_log_facility.clone(),
            ),
        ];
        settings
            .into_iter()
            .filter_map(|(group, name, value)| Some((group.to_owned(), name.to_owned(), value?)))
            .collect()
    }
}

/// The subcommands, by the names that operators know.
#[derive(Debug, Subcommand)]
#[command(rename_all = "snake_case")]
pub(super) enum Command {
    /// Serve the API until told to stop
    Serve,
    /// Ask the server on this machine whether it works; exits 1 when not
    Healthcheck,
    /// Bring the database to this release's schema
    ///
    /// With --check: exits 0 when nothing is to be done, 2 when the expand phase is, 4 when the
    /// contract phase is.
    DbSync(DbSync),
    /// Print the version of the database's schema
    DbVersion,
    /// Make the first domain, project, user, roles and endpoints, as far as they are missing
    ///
    /// Each option can be given as environment variable OS_BOOTSTRAP_<NAME>, which wins.
    Bootstrap(Bootstrap),
    /// Make a project in the default domain unless there is one of this name
    ProjectSetup(ProjectSetup),
    /// Make a user in the default domain, or enable it and set its password
    UserSetup(UserSetup),
    /// Make the keys of tokens and receipts unless there are some
    FernetSetup(KeyOwner),
    /// Put the next key of tokens and receipts into use
    FernetRotate(KeyRotation),
    /// Make the keys of tokens unless there are some
    TokenSetup(KeyOwner),
    /// Put the next key of tokens into use
    TokenRotate(KeyRotation),
    /// Make the keys of receipts unless there are some
    ReceiptSetup(KeyOwner),
    /// Put the next key of receipts into use
    ReceiptRotate(KeyRotation),
    /// Make the keys that encrypt credentials unless there are some
    CredentialSetup(KeyOwner),
    /// Put the next key of credentials into use; refuses while some wait for credential_migrate
    CredentialRotate(KeyOwner),
    /// Encrypt all credentials with the key that is in use
    CredentialMigrate(KeyOwner),
    /// Write private.pem and public.pem for JWS tokens to the working folder
    CreateJwsKeypair(CreateJwsKeypair),
    /// Delete trusts that are deleted or expired
    TrustFlush(TrustFlush),
    /// Let users whose last activity is unknown count as active today
    ///
    /// For [security_compliance] disable_user_account_days_inactive. Asks before it does anything.
    ResetLastActive(ResetLastActive),
    /// Make a certificate authority and the certificate that signs PKI tokens
    ///
    /// Does nothing when any of the files is there, unless told to rebuild them.
    PkiSetup(PkiSetup),
    /// Make a certificate authority and a certificate for a TLS server
    ///
    /// Does nothing when any of the files is there, unless told to rebuild them.
    SslSetup(PkiSetup),
    /// Delete persisted tokens that have expired
    ///
    /// Done in small batches, so that servers go on meanwhile. May run several times at once and be
    /// interrupted. With a token driver other than sql there is nothing to flush: exits 1.
    TokenFlush(TokenFlush),
    /// Put the configuration files of single domains into the database
    DomainConfigUpload(DomainConfigUpload),
    /// Forget under which ids users and groups of other directories are known here
    MappingPurge(MappingPurge),
    /// Give ids to the users of a domain whose directory is elsewhere
    MappingPopulate(MappingPopulate),
    /// Try the rules of a mapping on an assertion, without a server
    MappingEngine(MappingEngine),
    /// Print the metadata of this server as a SAML identity provider, as [saml] describes it
    SamlIdpMetadata,
    /// Look for what is often wrong with an installation; exits 1 when there is something
    Doctor,
    /// Print a configuration file with every option and its default
    SampleConfig,
    /// Print a policy file with every rule and its default
    SamplePolicy,
}

#[derive(Debug, Args)]
pub(super) struct DbSync {
    /// Only what may be done while older nodes still run
    #[arg(long, group = "phase")]
    pub expand: bool,
    /// Nothing: there is no data to migrate
    #[arg(long, group = "phase")]
    pub migrate: bool,
    /// Only what older nodes can't live with
    #[arg(long, group = "phase")]
    pub contract: bool,
    /// Only look what is to be done
    #[arg(long, group = "phase")]
    pub check: bool,
    /// Not supported: the database goes to this release's schema or nowhere
    pub version: Option<String>,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct Bootstrap {
    /// Name of the administrator
    #[arg(long, default_value = "admin")]
    pub bootstrap_username: String,
    /// The administrator's password
    #[arg(long)]
    pub bootstrap_password: Option<Secret>,
    /// Name of the administrator's project
    #[arg(long, default_value = "admin")]
    pub bootstrap_project_name: String,
    /// Name of the administrator's role
    #[arg(long, default_value = "admin")]
    pub bootstrap_role_name: String,
    /// Name of the identity service in the catalog
    #[arg(long, default_value = "keystone")]
    pub bootstrap_service_name: String,
    /// URL of the identity service for administrators
    #[arg(long)]
    pub bootstrap_admin_url: Option<String>,
    /// URL of the identity service for everybody
    #[arg(long)]
    pub bootstrap_public_url: Option<String>,
    /// URL of the identity service for other services
    #[arg(long)]
    pub bootstrap_internal_url: Option<String>,
    /// Region of the endpoints
    #[arg(long)]
    pub bootstrap_region_id: Option<String>,
    /// Protect new roles from changes, which is the default
    #[arg(long, overrides_with = "no_immutable_roles")]
    pub immutable_roles: bool,
    /// Let new roles be changed
    #[arg(long, action = ArgAction::SetTrue)]
    pub no_immutable_roles: bool,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct DomainConfigUpload {
    /// Every file keystone.<domain>.conf in [identity] domain_config_dir
    #[arg(long)]
    pub all: bool,
    /// The file of this domain alone
    #[arg(long)]
    pub domain_name: Option<String>,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct MappingPurge {
    /// All of them; no other option may be given then
    #[arg(long)]
    pub all: bool,
    /// Only those of this domain
    #[arg(long)]
    pub domain_name: Option<String>,
    /// Only the one with this id here
    #[arg(long)]
    pub public_id: Option<String>,
    /// Only those with this id in their directory
    #[arg(long)]
    pub local_id: Option<String>,
    /// Only those of users, or of groups
    #[arg(long = "type", value_parser = ["user", "group"])]
    pub entity_type: Option<String>,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct MappingPopulate {
    /// Name of the domain
    #[arg(long)]
    pub domain_name: String,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct MappingEngine {
    /// JSON file with the rules: a list, or an object with the list under `rules`
    #[arg(long, value_name = "FILE")]
    pub rules: PathBuf,
    /// File with the assertion: a line `NAME: value` for each attribute; semicolons between several
    /// values
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Only attributes whose names begin with this
    #[arg(long)]
    pub prefix: Option<String>,
    /// Show the rules and the assertion before what they make
    #[arg(long)]
    pub engine_debug: bool,
    /// Version of the rules [default: as the file says, else 1.0]
    #[arg(long, value_name = "VERSION")]
    pub mapping_schema_version: Option<String>,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct ProjectSetup {
    /// The project's name
    #[arg(long)]
    pub project_name: String,
    /// Its id; made up when not given
    #[arg(long)]
    pub project_id: Option<String>,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct UserSetup {
    /// The user's name
    #[arg(long)]
    pub username: String,
    /// The user's password
    #[arg(long)]
    pub user_password_plain: Secret,
    /// The user's id; made up when not given
    #[arg(long)]
    pub user_id: Option<String>,
}

/// Who shall own the files. Both are needed when root makes them.
#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct KeyOwner {
    /// Name or id of the user that shall own the files
    #[arg(long, value_name = "USER")]
    pub keystone_user: Option<String>,
    /// Name or id of the group that shall own the files
    #[arg(long, value_name = "GROUP")]
    pub keystone_group: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct KeyRotation {
    #[command(flatten)]
    pub owner: KeyOwner,
    /// Also when that deletes a key with which tokens were made that are still good
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct CreateJwsKeypair {
    #[command(flatten)]
    pub owner: KeyOwner,
    /// Overwrite files that are there
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct TrustFlush {
    /// Only trusts of this project
    #[arg(long)]
    pub project_id: Option<String>,
    /// Only trusts of this trustor
    #[arg(long)]
    pub trustor_user_id: Option<String>,
    /// Only trusts to this trustee
    #[arg(long)]
    pub trustee_user_id: Option<String>,
    /// Only trusts that expired before this day, DD-MM-YYYY [default: now]
    #[arg(long)]
    pub date: Option<String>,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct ResetLastActive {
    /// Do not ask
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct TokenFlush {
    /// Most tokens to delete in one transaction, which never has more than are the default
    #[arg(long, default_value_t = FULL)]
    pub batch_size: u32,
    /// Only tokens that expired up to this time, such as 2026-01-31T00:00:00Z
    /// [default: now, less [token] allow_expired_window]
    #[arg(long, value_name = "TIME")]
    pub before: Option<String>,
    /// Only count them
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(rename_all = "kebab-case")]
pub(super) struct PkiSetup {
    #[command(flatten)]
    pub owner: KeyOwner,
    /// Replace the files that are there
    #[arg(long)]
    pub rebuild: bool,
}
