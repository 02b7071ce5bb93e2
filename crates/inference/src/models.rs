//! The part of a registry that an operation declares.

use std::sync::Arc;

use safelight_contract::{Code, Fault};

use crate::registry::{Model, Registry};

/// The models of a registry that may be used: all, or those that were declared. Clones share the
/// registry.
#[derive(Clone)]
pub struct Models {
    registry: Arc<Registry>,
    declared: Option<Arc<[&'static str]>>,
}

impl Models {
    /// Every model of the registry.
    pub fn all(registry: Arc<Registry>) -> Self {
        Self { registry, declared: None }
    }

    /// The models of these names alone.
    #[must_use]
    pub fn restricted_to(&self, names: Vec<&'static str>) -> Self {
        Self { registry: self.registry.clone(), declared: Some(names.into()) }
    }

    /// The model that the operator chose for this kind of work, where the work was declared.
    pub fn chosen(&self, slot: &str) -> Option<&str> {
        let declared = self.declared.as_ref().is_none_or(|all| all.contains(&slot));
        self.registry.chosen(slot).filter(|_| declared)
    }

    /// The model, loaded by now; blocks.
    ///
    /// # Errors
    /// `AI_SERVICE_INTERNAL_ERROR` for a model that was not declared; else those of
    /// [`Registry::get`].
    pub fn get(&self, name: &str) -> Result<Arc<Model>, Fault> {
        if self.declared.as_ref().is_some_and(|declared| !declared.contains(&name)) {
            let message =
                format!("the model `{name}` is used, but the endpoint does not declare it");
            return Err(Fault::new(Code::AiServiceInternalError, message));
        }
        self.registry.get(name)
    }
}
