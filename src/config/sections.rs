//! The options, each declared once; see `section!` for the notation.

mod federation;
mod general;
mod identity;
mod ldap;
mod messaging;
mod middleware;
mod profiler;
mod resource;
mod storage;
mod token;

pub use federation::*;
pub use general::*;
pub use identity::*;
pub use ldap::*;
pub use messaging::*;
pub use middleware::*;
pub use profiler::*;
pub use resource::*;
pub use storage::*;
pub use token::*;
