//! The API through HTTP, against a server on a free port: one module for each path or concern.

mod asyn_task_results;
mod common;
mod connections;
mod cors;
mod documents;
mod faces;
mod fairness;
mod hosts;
mod inputs;
mod limits;
mod ops;
mod protection;
mod query_async_task_result;
mod query_credits;
mod readiness;
mod results;
mod sdk;
mod sdk_services;
mod services;
mod shutdown;
mod tasks;
mod transfers;
mod uploads;
