//! Who may do what: oslo.policy's language, Keystone's rules and the operator's overrides.
//!
//! A rule set is read and compiled once ([`Policy::load`]); the result is an immutable snapshot that
//! the application swaps whole when a file changes ([`PolicyFiles`]). Asking it
//! ([`Policy::enforce`]) reads only the caller's [`Credentials`] and a [`Target`] made from the
//! database and the URL's path.
//!
//! The answers are those of oslo.policy 6.0.1, but for one kind, where they are stricter: an
//! attribute that is null never equals another attribute that is null. Such a comparison is neither
//! true nor false, and what stays so is refused, under a `not` as well.

mod check;
mod credentials;
mod defaults;
mod files;
mod literal;
mod parse;
mod rules;
mod sample;
mod tangle;
mod target;
mod template;

pub use check::Check;
pub use credentials::{Attribute, Credentials, ScopeKind, TokenFields};
pub use defaults::{Deprecated, RuleDefault, all as defaults};
pub use files::{LoadedPolicy, PolicyError, PolicyFiles, PolicyOptions};
pub use rules::{Denied, Policy};
pub use sample::sample;
pub use target::{Target, TargetValue};
