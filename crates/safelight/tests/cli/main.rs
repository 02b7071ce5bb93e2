//! The binary as its users meet it: spawned, with a data folder of its own.

mod accounts;
mod configuration;
mod gallery;
mod harness;
mod library;
mod listings;
mod mcp;
mod networks;
mod run;
mod secrets;
mod serve;
