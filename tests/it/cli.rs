//! The built programs: what operators type, and what happens then.

mod commands;
mod directories;
mod doctor;
mod first_run;
pub mod harness;
mod keys;
mod pki_setup;
mod reset_last_active;
mod serving;
mod status;
mod token_flush;
mod trust_flush;
