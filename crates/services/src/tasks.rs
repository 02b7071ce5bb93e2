//! Requests for a list of tasks: pictures that are judged one by one.

use safelight_contract::{Code, Fault};
use safelight_operation::{Form, Input, InputField, Json, Optional, Param, Picture, Result};
use serde_json::Value;

/// What the client calls each task.
pub type DataIds = Vec<Value>;

/// The same parameter for all requests of this kind. Items of a JSON body that have a `data_id` fill it.
pub static DATA_IDS: Param<Json<DataIds>, Optional> = Param {
    name: safelight_operation::DATA_IDS,
    aliases: &[],
    doc: "What the client calls each picture, a JSON list in their order; answered with what was found. In a \
          JSON body it may stand in each picture's object instead, as `data_id`.",
    kind: Json::new(),
    presence: Optional,
};

/// Most characters of one of them that are answered.
const LONGEST: usize = 128;

/// What the client calls a task.
pub fn data_id(ids: Option<&DataIds>, index: usize) -> Option<String> {
    let text = match ids?.get(index)? {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(text.chars().take(LONGEST).collect())
}

/// Fields of which the pictures alone can be missing, which has a code of its own.
pub struct Tasks<F>(pub F);

impl<F: Input> Input for Tasks<F> {
    const FIELDS: &'static [InputField] = F::FIELDS;

    fn read(form: &Form) -> Result<Self> {
        F::read(form).map(Self).map_err(|fault| match fault.code() {
            Code::MissingParameters => Fault::new(Code::MissingTasksParameter, fault.message()),
            _ => fault,
        })
    }

    fn pictures(&self) -> Vec<&Picture> {
        self.0.pictures()
    }
}
