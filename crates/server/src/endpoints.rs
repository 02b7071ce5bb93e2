//! What is at each path.

pub(crate) mod asyn_task_results;
pub(crate) mod compreface;
pub(crate) mod delete_file;
pub(crate) mod library;
pub(crate) mod list_async_tasks;
pub(crate) mod liveness;
pub(crate) mod query_async_task_result;
pub(crate) mod query_credits;
pub(crate) mod query_file;
pub(crate) mod recognition;
pub(crate) mod results;
pub(crate) mod revoke_async_task;
pub(crate) mod root;
pub(crate) mod service;
pub(crate) mod stop_async_task;
pub(crate) mod submit_batch_tasks;
pub(crate) mod upload_file;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::request::Parts;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Fields, Form, InputField, Method, Shape};
use safelight_store::Principal;

use crate::app::App;
use crate::auth::{self, Entered};
use crate::body::{self, Received};
use crate::idempotency::{self, Keyed};
use crate::limits::AtWork;
use crate::pipeline::check_size;
use crate::reply::Reply;
use crate::trace::Trace;

/// A request on its way through an endpoint.
pub(crate) struct Call {
    pub app: Arc<App>,
    pub trace: Arc<Trace>,
    pub request: Request,
}

/// What is said of an endpoint of the server's own.
pub(crate) struct Own {
    pub method: Method,
    pub path: &'static str,
    /// Its identifier in the OpenAPI document.
    pub sign: &'static str,
    pub name: &'static str,
    pub summary: &'static str,
    pub fields: &'static [InputField],
    pub answer: fn() -> Shape,
    /// Whether it changes nothing: a repetition reads again, so that what it tells of people is kept nowhere.
    pub reads: bool,
}

/// The endpoints of the server's own that take typed fields.
pub(crate) static OWN: &[&Own] = &[
    &upload_file::OWN,
    &query_file::OWN,
    &delete_file::OWN,
    &submit_batch_tasks::OWN,
    &list_async_tasks::OWN,
    &revoke_async_task::OWN,
    &stop_async_task::OWN,
    &library::groups::CREATE,
    &library::groups::UPDATE,
    &library::groups::DELETE,
    &library::groups::LIST,
    &library::groups::SHARE,
    &library::users::CREATE,
    &library::users::UPDATE,
    &library::users::GET,
    &library::users::LIST,
    &library::users::COPY,
    &library::users::DELETE,
    &library::users::EXPORT,
    &library::faces::LIST,
    &library::faces::DELETE,
    &library::faces::IMAGE,
    &library::whole::ERASE,
    &liveness::SESSION,
];

impl Own {
    pub fn accepts(&self) -> Fields {
        Fields::new(self.fields, &[])
    }
}

/// A request to an endpoint of the server's own: who made it, and what was sent.
pub(crate) struct Asked {
    pub app: Arc<App>,
    pub trace: Arc<Trace>,
    pub principal: Principal,
    pub received: Received,
    _at_work: AtWork,
}

/// Serves a request to an endpoint of the server's own.
pub(crate) async fn serve<H, F>(call: Call, own: &Own, handle: H) -> Result<Reply>
where
    H: FnOnce(Asked) -> F,
    F: Future<Output = Result<Reply>> + Send + 'static,
{
    let Call { app, trace, request } = call;
    let entered = auth::enter(&app, &trace, request.headers()).await?;
    let Entered { principal, at_work, .. } = entered;
    let application = &principal.application;
    let (Received { form, memory }, key) = match own.method {
        Method::Get => (Received { form: query_form(&request, own.accepts()), memory: None }, None),
        Method::Post => {
            let key = idempotency::key(&principal, request.headers())?.filter(|_| !own.reads);
            let fields = own.accepts();
            (body::receive(&app, &trace, application.id, fields, request).await?, key)
        }
    };
    let (keyed, form) = Keyed::form(key, form).await?;
    let received = Received { form, memory };
    let place = (application.id, own.path);
    let (shared, traced) = (app.clone(), trace.clone());
    let handled = handle(Asked { app, trace, principal, received, _at_work: at_work });
    let most = shared.settings.limits.max_answer_bytes;
    let work = async move {
        let reply = handled.await?;
        check_size(reply.body().len() as u64, most).map(|()| reply)
    };
    idempotency::once(&shared, &traced, place, keyed, work).await
}

/// The fields on the query string.
fn query_form(request: &Request, fields: Fields) -> Form {
    let mut form = Form::new();
    let query = request.uri().query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if fields.find(&name).is_some() {
            form.add_query(name, value);
        }
    }
    form
}

/// A parameter of the query string that must be there and not be empty.
fn required(parts: &Parts, name: &str) -> Result<String> {
    let found = body::query(parts).find(|(key, _)| key == name).map(|(_, value)| value);
    let value = found.ok_or_else(|| {
        Fault::new(Code::MissingParameters, format!("{name} is missing in the query string"))
    })?;
    if value.trim().is_empty() {
        return Err(Fault::new(Code::ParametersCannotEmpty, format!("{name} is empty")));
    }
    Ok(value)
}
