//! Requests for a list of tasks: pictures that are judged one by one.

use safelight_contract::{Code, Fault};
use safelight_operation::{Form, Input, InputField, Picture, Result};

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
