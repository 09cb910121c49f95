//! The built programs: what operators type, and what happens then.

mod commands;
mod first_run;
mod harness;
mod keys;
mod serving;
