//! The built programs: what operators type, and what happens then.

mod commands;
mod directories;
mod doctor;
mod first_run;
mod harness;
mod keys;
mod pki_setup;
mod serving;
mod token_flush;
mod trust_flush;
