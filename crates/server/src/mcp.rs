//! The Model Context Protocol: the services as tools of language models, at `/mcp` and on standard
//! input and output. Each run is a request to the API with the caller's key, so that checks, limits,
//! credits and errors are the same.

mod api;
mod arguments;
mod http;
mod results;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam,
    ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use safelight_operation::{Delivery, Endpoint, Spec};
use safelight_store::Principal;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::app::App;
use crate::endpoints::query_credits::number;
use crate::endpoints::{query_async_task_result, stop_async_task};
use crate::{auth, credits, openapi};

pub(crate) use api::Api;
pub(crate) use http::routes;

/// Where it is.
pub(crate) const PATH: &str = "/mcp";

const INSTRUCTIONS: &str = "Image services: cut-outs, enhancement, portrait effects, analyses. Find one \
    with list_services, read its parameters with describe_service, then run_service.";

/// Pauses between looks at a task: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// The services as tools.
#[derive(Clone)]
pub(crate) struct Tools {
    api: Api,
    /// Who the callers are, and what services cost them.
    app: Arc<App>,
}

/// Why a tool answers no result.
enum Failure {
    /// What was asked for makes no sense.
    Asked(String),
    /// The API refused it: `error_detail`.
    Refused(Value),
    /// The caller does not want it any more.
    Cancelled,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Asked(message)
    }
}

type Outcome = Result<CallToolResult, Failure>;

impl Tools {
    pub fn new(api: Api, app: Arc<App>) -> Self {
        Self { api, app }
    }

    /// The caller's application, where its key is known.
    async fn caller(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<Option<Principal>, String> {
        let Some(key) = self.api.key(context) else { return Ok(None) };
        let found = auth::principal_of_key(&self.app, &self.app.secret.hash(&key)).await;
        found.map_err(|fault| fault.message().to_owned())
    }

    fn find(&self, arguments: &JsonObject) -> Result<&'static Endpoint, String> {
        let name = arguments.get("service").and_then(Value::as_str);
        let name = name.ok_or("service is missing, or is not a text")?;
        let found = self.app.endpoints().find(|endpoint| {
            let spec = endpoint.spec();
            spec.path == name || spec.slug() == name
        });
        found.ok_or_else(|| format!("there is no service `{name}`; list_services has all"))
    }

    /// Every service whose name or summary holds all words of the query.
    async fn list(&self, arguments: &JsonObject, context: &RequestContext<RoleServer>) -> Outcome {
        let query = match arguments.get("query") {
            None | Some(Value::Null) => "",
            Some(Value::String(query)) => query,
            Some(_) => return Err("query is not a text".to_owned().into()),
        };
        let caller = self.caller(context).await?;
        let found = self.app.endpoints().filter(|endpoint| endpoint.spec().matches(query));
        let rows = found.map(|endpoint| {
            let spec = endpoint.spec();
            json!({
                "service": spec.slug(), "name": spec.name, "credits": price(caller.as_ref(), spec),
                "summary": spec.summary,
            })
        });
        Ok(CallToolResult::structured(json!({ "services": rows.collect::<Vec<_>>() })))
    }

    async fn describe(
        &self,
        arguments: &JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Outcome {
        let endpoint = self.find(arguments)?;
        let caller = self.caller(context).await?;
        let spec = endpoint.spec();
        let parameters = endpoint.parameters().map(|parameter| {
            let mut schema = openapi::parameter_schema(parameter);
            schema["required"] = parameter.required().into();
            (parameter.name().to_owned(), schema)
        });
        let parameters: Map<_, _> = parameters.collect();
        let files = endpoint.files().map(|file| {
            let mut schema = openapi::files_schema(file);
            let text = schema["description"].take();
            let text = if text.is_null() { schema["items"]["description"].take() } else { text };
            json!({
                "parameters": arguments::names(file, self.api.reads_files()),
                "required": file.is_required(), "most": file.most(), "description": text,
            })
        });
        Ok(CallToolResult::structured(json!({
            "service": spec.slug(), "path": spec.path, "name": spec.name, "summary": spec.summary,
            "limitations": spec.limitations, "credits": price(caller.as_ref(), spec),
            "answers_later": spec.delivery != Delivery::Sync,
            "files": files.collect::<Vec<_>>(), "parameters": parameters,
            "answer": endpoint.answer().schema(),
        })))
    }

    async fn run(&self, asked: JsonObject, context: &RequestContext<RoleServer>) -> Outcome {
        let endpoint = self.find(&asked)?;
        let body = arguments::body(endpoint, &asked, self.api.reads_files()).await?;
        let folder = arguments::folder(&asked, self.api.reads_files())?;
        drop(asked);
        let client = self.api.for_caller(context);
        let posted = client.post(endpoint.spec().path, body).await;
        let mut answer = posted.map_err(Failure::Refused)?;
        let is_later = endpoint.spec().delivery != Delivery::Sync;
        if let (true, Some(task)) = (is_later, answer["task_id"].as_str().map(str::to_owned)) {
            answer = self.wait(&client, &task, context).await?;
        }
        Ok(results::show(&client, endpoint, answer, folder.as_deref()).await?)
    }

    /// Waits for the end of a task, and tells of its progress.
    async fn wait(
        &self,
        client: &api::Client,
        task: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<Value, Failure> {
        let (started, mut pause) = (Instant::now(), PAUSES.0);
        let poll = format!("{}?task_id={task}", query_async_task_result::PATH);
        loop {
            let cancelled = tokio::select! {
                () = sleep(pause) => false,
                () = context.ct.cancelled() => true,
            };
            if cancelled {
                // It may have ended meanwhile, which is as good.
                let _ = client.post(stop_async_task::OWN.path, json!({ "task_id": task })).await;
                return Err(Failure::Cancelled);
            }
            let answer = client.poll(&poll).await.map_err(Failure::Refused)?;
            if answer["task_status"] != 1 {
                return Ok(answer);
            }
            report(context, started.elapsed()).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

/// What a service costs a caller, in credits.
fn price(caller: Option<&Principal>, spec: &Spec) -> Value {
    let state = caller.map(|caller| auth::state_for(caller.kind, caller.service(spec.path)));
    number(credits::price(spec, state.unwrap_or_default()))
}

/// Tells whoever wants to know that a task is in progress.
async fn report(context: &RequestContext<RoleServer>, elapsed: Duration) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let seconds = elapsed.as_secs_f64();
    let progress = ProgressNotificationParam::new(token, seconds)
        .with_message(format!("in progress for {seconds:.1} s"));
    if let Err(error) = context.peer.notify_progress(progress).await {
        tracing::debug!(%error, "a client did not take a notification of progress");
    }
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("safelight", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools(self.api.reads_files())))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let outcome = match request.name.as_ref() {
            "list_services" => self.list(&arguments, &context).await,
            "describe_service" => self.describe(&arguments, &context).await,
            "run_service" => self.run(arguments, &context).await,
            other => {
                return Err(ErrorData::invalid_params(format!("there is no tool `{other}`"), None));
            }
        };
        let result = outcome.unwrap_or_else(|failure| match failure {
            Failure::Asked(message) => CallToolResult::error(vec![ContentBlock::text(message)]),
            Failure::Refused(detail) => CallToolResult::structured_error(detail),
            Failure::Cancelled => {
                CallToolResult::error(vec![ContentBlock::text("the task was stopped")])
            }
        });
        Ok(result.into())
    }
}

/// The declarations of the tools.
fn tools(reads_files: bool) -> Vec<Tool> {
    let service = json!({
        "type": "string",
        "description": "The service, by its name in list_services or by its path.",
    });
    let mut run = json!({
        "service": service,
        "parameters": {
            "type": "object",
            "description": "The service's parameters, files included, as describe_service names them.",
        },
    });
    if reads_files {
        run["output_folder"] = json!({
            "type": "string",
            "description": "Folder that pictures are written to, absolute; without it they are part \
                            of the answer.",
        });
    }
    let query = json!({ "query": {
        "type": "string",
        "description": "Words that the name or the summary must hold; without it, all are listed.",
    } });
    let read_only = ToolAnnotations::new().read_only(true).open_world(false);
    let running = ToolAnnotations::new().read_only(false).destructive(false).open_world(false);
    vec![
        tool("list_services", "Lists the image services with their prices.", query, &[])
            .with_annotations(read_only.clone()),
        tool(
            "describe_service",
            "Describes a service: its files and parameters with the values allowed, and its answer.",
            json!({ "service": service }),
            &["service"],
        )
        .with_annotations(read_only),
        tool(
            "run_service",
            "Runs a service and answers its result with the pictures; services that take longer \
             report their progress.",
            run,
            &["service"],
        )
        .with_annotations(running),
    ]
}

fn tool(name: &'static str, description: &'static str, properties: Value, needed: &[&str]) -> Tool {
    let schema = json!({
        "type": "object", "properties": properties, "required": needed,
        "additionalProperties": false,
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(name, description, Arc::new(schema))
}
