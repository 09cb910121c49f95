//! The service as a whole: `[DEFAULT]`, `[server]`, `[api]`, `[wsgi]`.

use crate::config::field::{FromOption, choices, section};
use crate::config::option::{default, unset};
use crate::config::{Kind, OptionValue};
use crate::model::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;

choices! {
    /// Form of notifications about changed resources.
    NotificationFormat {
        /// The resource's id alone.
        Basic = "basic",
        /// DMTF's cloud auditing format.
        Cadf = "cadf",
    }

    /// What happens when a response does not match its schema.
    ResponseValidation {
        /// It is refused.
        Error = "error",
        /// It is logged.
        Warn = "warn",
        /// Nothing is checked.
        Ignore = "ignore",
    }

    /// Form of the log.
    LogFormat {
        /// Text on a terminal, JSON elsewhere.
        Auto = "auto",
        /// Lines for people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

/// Where the listener for administrators is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminBind {
    /// At an address.
    Address(SocketAddr),
    /// Nowhere.
    None,
}

impl FromOption for AdminBind {
    const KIND: Kind = Kind::String;

    fn from_option(value: &OptionValue) -> Result<Self, String> {
        match value {
            OptionValue::String(text) if text.eq_ignore_ascii_case("none") => Ok(Self::None),
            value => SocketAddr::from_option(value).map(Self::Address),
        }
    }
}

section! {
    /// The service as a whole, its log and its message bus.
    Default_ in "DEFAULT" {
        /// Base URL of all links in responses of the admin listener; unset means public_endpoint.
        admin_endpoint: Option<String> = unset().uri(&[]);

        /// A token that may do everything without any check of policy. Leave it unset: whoever
        /// knows it owns the cloud.
        admin_token: Option<Secret> = unset();

        /// Second half of the publisher id in notifications (`identity.<value>`); unset means
        /// the host's name.
        default_publisher_id: Option<String> = unset();

        /// Serve the Identity API v2.0 beside v3, for old clients: its calls for everybody on
        /// the public listener, its administration on the one of [server] admin_bind. Off, its
        /// paths are unknown and discovery does not list it.
        enable_v2: bool = default("true");

        /// Say in responses why a request was refused. It helps attackers as much as debuggers.
        insecure_debug: bool = default("false");

        /// Most entries of any collection that one response returns; unset means all. Groups
        /// have a list_limit of their own that wins.
        list_limit: Option<i64> = unset();

        /// Upper bound of the ?limit= that a client may ask for.
        max_db_limit: u64 = default("1000").min(0);

        /// Id of the role by which v2.0 makes a user a member of its tenant. The role is made
        /// when it is needed and neither this id nor its name exists.
        member_role_id: String = default("9fe2ff9ee4384b1894a90878d3e92bab").max_length(64);

        /// Name of that role.
        member_role_name: String = default("_member_").max_length(255);

        /// Kept for old configuration files; nothing reads it.
        max_param_size: i64 = default("64").obsolete();

        /// How many levels of projects may stand below a domain.
        max_project_tree_depth: i64 = default("5");

        /// Length in characters from which a token is logged as too long.
        max_token_size: i64 = default("255");

        /// Form of notifications about changed resources.
        notification_format: NotificationFormat = default("cadf");

        /// Types of events that are not sent; authentication events are named with their
        /// outcome.
        notification_opt_out: Vec<String> =
            default("identity.authenticate.success,identity.authenticate.pending")
            .multi();

        /// Base URL of all links in responses; unset means that it is taken from the request.
        public_endpoint: Option<String> = unset().uri(&[]);

        /// Refuse passwords longer than `[identity] max_password_length` instead of cutting
        /// them.
        strict_password_check: bool = default("false");

        /// Log details for debugging, too.
        debug: bool = default("false");

        /// Python logging configuration; this program can't use it and says so in the log.
        log_config_append: Option<PathBuf> = unset()
            .deprecated(&[("DEFAULT", "log-config"), ("DEFAULT", "log_config")]);

        /// Format of the time in log lines, as strftime takes it.
        log_date_format: String = default("%Y-%m-%d %H:%M:%S");

        /// File that the log goes to; relative to log_dir. Unset means the standard error
        /// stream.
        log_file: Option<PathBuf> = unset().deprecated(&[("DEFAULT", "logfile")]);

        /// Folder of the log file.
        log_dir: Option<PathBuf> = unset().deprecated(&[("DEFAULT", "logdir")]);

        /// Send the log to syslog.
        use_syslog: bool = default("false");

        /// Send the log to systemd's journal.
        use_journal: bool = default("false");

        /// Facility of messages sent to syslog.
        syslog_log_facility: String = default("LOG_USER");

        /// Write each log entry as one JSON object.
        use_json: bool = default("false");

        /// Write the log to the standard error stream as well as to the log file.
        use_stderr: bool = default("false");

        /// Colour the levels of log lines on a terminal.
        log_color: bool = default("false");

        /// How many units of log_rotate_interval_type pass between two rotations.
        log_rotate_interval: i64 = default("1");

        /// Unit of log_rotate_interval.
        log_rotate_interval_type: String = default("days")
            .choices(&["Seconds", "Minutes", "Hours", "Days", "Weekday", "Midnight"])
            .ignore_case();

        /// How many rotated log files are kept.
        max_logfile_count: i64 = default("30");

        /// Size in MB at which a log file is rotated.
        max_logfile_size_mb: i64 = default("200");

        /// What makes the log file rotate.
        log_rotation_type: String = default("none")
            .choices(&["interval", "size", "none"])
            .ignore_case();

        /// Python format of log lines that belong to a request.
        logging_context_format_string: String =
            default(concat!(
                "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s ",
                "[%(global_request_id)s %(request_id)s %(user_identity)s] ",
                "%(instance)s%(message)s",
            ));

        /// Python format of log lines outside of requests.
        logging_default_format_string: String =
            default(concat!(
                "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s [-] ",
                "%(instance)s%(message)s",
            ));

        /// Python format added to debug lines.
        logging_debug_format_suffix: String = default("%(funcName)s %(pathname)s:%(lineno)d");

        /// Python format put before each line of a traceback.
        logging_exception_prefix: String =
            default("%(asctime)s.%(msecs)03d %(process)d ERROR %(name)s %(instance)s");

        /// Python format of the caller in log lines.
        logging_user_identity_format: String =
            default(concat!(
                "%(user)s %(project)s %(domain)s %(system_scope)s %(user_domain)s ",
                "%(project_domain)s",
            ));

        /// Levels of single loggers, as name=LEVEL.
        default_log_levels: Vec<String> =
            default(concat!(
                "amqp=WARN,boto=WARN,sqlalchemy=WARN,suds=INFO,oslo.messaging=INFO,",
                "oslo_messaging=INFO,iso8601=WARN,",
                "requests.packages.urllib3.connectionpool=WARN,",
                "urllib3.connectionpool=WARN,websocket=WARN,",
                "requests.packages.urllib3.util.retry=WARN,urllib3.util.retry=WARN,",
                "keystonemiddleware=WARN,routes.middleware=WARN,stevedore=WARN,",
                "taskflow=WARN,keystoneauth=WARN,oslo.cache=INFO,oslo_policy=INFO,",
                "dogpile.core.dogpile=INFO",
            ));

        /// Send a notification for every logged error.
        publish_errors: bool = default("false");

        /// Python format of an instance in log lines.
        instance_format: String = default("[instance: %(uuid)s] ");

        /// Python format of an instance's id in log lines.
        instance_uuid_format: String = default("[instance: %(uuid)s] ");

        /// Seconds over which log lines are counted for the rate limit; 0 is no limit.
        rate_limit_interval: i64 = default("0");

        /// Most log lines in one rate_limit_interval.
        rate_limit_burst: i64 = default("0");

        /// Lines of this level and above escape the rate limit.
        rate_limit_except_level: String = default("CRITICAL")
            .choices(&["CRITICAL", "ERROR", "INFO", "WARNING", "DEBUG", ""]);

        /// Treat the use of deprecated features as an error.
        fatal_deprecations: bool = default("false");

        /// Threads of the message bus's executor.
        executor_thread_pool_size: i64 = default("64")
            .deprecated(&[("DEFAULT", "rpc_thread_pool_size")]);

        /// Seconds to wait for the answer of a remote call.
        rpc_response_timeout: i64 = default("60");

        /// URL of the message bus.
        transport_url: Secret = default("rabbit://");

        /// Exchange that notifications are sent to.
        control_exchange: String = default("keystone");

        /// Answer to pings over the message bus.
        rpc_ping_enabled: bool = default("false");
    }
}

section! {
    /// How this program listens and works. Python's Keystone leaves these to its web server and
    /// has no such group.
    Server in "server" {
        /// Address and port of the public API.
        bind: SocketAddr = default("127.0.0.1:5000");

        /// Address and port of the same API for administrators, with metrics; none switches it
        /// off.
        admin_bind: AdminBind = default("127.0.0.1:35357");

        /// Threads that serve requests; 0 means one for each processor.
        workers: u32 = default("0");

        /// Seconds that requests in flight may take to end when the program is told to stop.
        shutdown_timeout: u64 = default("30");

        /// Seconds that a client may take to send the head of a request.
        header_read_timeout: u64 = default("10").min(1);

        /// Addresses and networks of proxies that are believed when they say who a user is; none by
        /// default. A proxy must remove the headers below from what its clients send.
        trusted_proxies: Vec<String> = default("");

        /// Headers in which trusted proxies say what a web server would put into variables, as
        /// VARIABLE:Header. What they say of a client certificate counts unless
        /// SSL_CLIENT_VERIFY is there and not SUCCESS.
        environment_headers: Vec<String> = default(concat!(
            "REMOTE_USER:X-Remote-User,REMOTE_DOMAIN:X-Remote-Domain,",
            "AUTH_TYPE:X-Remote-Auth-Type,SSL_CLIENT_I_DN:X-SSL-Client-I-DN,",
            "SSL_CLIENT_S_DN:X-SSL-Client-S-DN,SSL_CLIENT_CERT:X-SSL-Client-Cert,",
            "SSL_CLIENT_VERIFY:X-SSL-Client-Verify",
        ));

        /// Headers in which trusted proxies say what an identity provider says of a user, by name or
        /// by the start of their names: OIDC-*. X-Foo-Bar becomes the variable HTTP_X_FOO_BAR; with
        /// MELLON_*:X-Mellon-*, X-Mellon-Name-Id becomes MELLON_NAME_ID. A header counts only as it
        /// is spelled here, and not beside one of the same name with _ for -. A proxy must remove
        /// them from what its clients send, too.
        assertion_headers: Vec<String> = default("");

        /// Form of the log: text for people, json for machines, auto for text on a terminal and
        /// JSON elsewhere.
        log_format: LogFormat = default("auto");
    }
}

section! {
    /// Checks of the API itself.
    Api in "api" {
        /// What happens when a response does not match its schema.
        response_validation: ResponseValidation = default("warn");
    }
}

section! {
    /// The web application.
    Wsgi in "wsgi" {
        /// Log every request and response in full.
        debug_middleware: bool = default("false");
    }
}
