//! The built programs: what operators type, and what happens then.

mod commands;
mod first_run;
mod harness;
mod pki_setup;
mod serving;
mod token_flush;
