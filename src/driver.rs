//! Everything outside the process. One module per kind of peer; the layers above see plain types.

pub mod ldap;
pub mod notification;
pub mod sql;
pub mod templated_catalog;
pub mod token_store;
