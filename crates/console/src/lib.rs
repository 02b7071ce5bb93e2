//! The pages of the console and of the reference, and the files that they load.
//!
//! A page is a function from what it shows to HTML; `maud` escapes every text. There is no HTTP, no
//! storage and no clock here. Forms come from the declarations of the endpoints, so that a new
//! service has its page without a line of its own. Every page works without JavaScript except for
//! running a service in the playground.

#![forbid(unsafe_code)]

pub mod accounts;
pub mod activity;
mod advice;
pub mod application;
pub mod assets;
mod chart;
mod field;
mod layout;
pub mod models;
pub mod playground;
pub mod reference;
mod sdk;
pub mod server;
mod show;
pub mod sign_in;
mod table;
pub mod usage;

pub use advice::{Advice, advice, remedy};
pub use layout::{Notice, Place, Shell, Who, page, refusal};
pub use maud::Markup;
