//! The built-in engine: OpenVINO on the CPU.

mod native;

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use self::native::{Compiled, Core, Element, NativeTensor, Request, Side, c_string};
use crate::engine::{Engine, EngineError, FoundPort, Outputs, Session, Signature};
use crate::manifest::{ModelSpec, Port};
use crate::scheduler::{Gate, Plan};
use crate::tensor::{DType, Elements, Tensor};

/// OpenVINO on the CPU of this machine.
pub struct OpenVino {
    core: Arc<Core>,
    build: String,
    plan: Plan,
    gate: Arc<Gate>,
    cache: PathBuf,
}

impl OpenVino {
    /// Loads `libopenvino_c` from `library`, for the rest of the process. Compiled models are kept
    /// under `cache`, so that later starts are quick. The error is one sentence.
    pub fn load(library: &Path, cache: &Path, plan: Plan) -> Result<Self, EngineError> {
        let failed = |why: String| {
            EngineError::Failed(format!(
                "the inference library {} cannot be used: {why}",
                library.display()
            ))
        };
        let build = native::load_library(library).map_err(failed)?;
        if !recent_enough(&build) {
            return Err(failed(format!("it is OpenVINO {build}, and 2026.4 or later is needed")));
        }
        let gate = Arc::new(Gate::new(plan.streams));
        Ok(Self { core: Arc::new(Core::new()?), build, plan, gate, cache: cache.to_owned() })
    }
}

/// The interface used here is complete since 2026.4.
fn recent_enough(build: &str) -> bool {
    let mut numbers = build.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(2026), Some(4))
}

impl Engine for OpenVino {
    fn describe(&self) -> String {
        format!(
            "OpenVINO {} on the CPU, {} threads in {} streams",
            self.build, self.plan.threads, self.plan.streams
        )
    }

    fn load(&self, spec: &ModelSpec, file: &Path) -> Result<Box<dyn Session>, EngineError> {
        let path = file.to_str().ok_or_else(|| {
            EngineError::Failed(format!("the path {} is not valid Unicode", file.display()))
        })?;
        // A folder for each digest: what was compiled from another file is never used.
        let digest = spec.sha256.get(..16).unwrap_or(&spec.sha256);
        let cache = self.cache.join(format!("{}-{digest}", spec.name));
        let values = [
            (c"INFERENCE_PRECISION_HINT", c_string(spec.precision.name())?),
            (c"PERFORMANCE_HINT", c_string(self.hint())?),
            (c"NUM_STREAMS", c_string(&self.plan.streams.to_string())?),
            (c"INFERENCE_NUM_THREADS", c_string(&self.plan.threads.to_string())?),
            // Pinned threads of several models and processes would crowd the same cores.
            (c"ENABLE_CPU_PINNING", c_string("NO")?),
            (c"CACHE_DIR", c_string(&cache.to_string_lossy())?),
        ];
        let properties: Vec<_> = values.iter().map(|(key, value)| (*key, &**value)).collect();
        let compiled = self.core.compile(&c_string(path)?, &properties)?;
        let inputs = ports(&compiled, Side::Input, &spec.inputs)?;
        let outputs = ports(&compiled, Side::Output, &spec.outputs)?;
        let idle = Mutex::default();
        let (_core, gate) = (self.core.clone(), self.gate.clone());
        Ok(Box::new(Loaded { idle, compiled, _core, inputs, outputs, gate }))
    }

    fn signature(&self, file: &Path) -> Result<Signature, EngineError> {
        let compiled = self.core.compile(&c_string(&file.to_string_lossy())?, &[])?;
        let all = |side: Side| {
            let port = |index: usize| {
                let (name, dtype, shape) = compiled.port_at(side, index)?;
                Ok(FoundPort { name, dtype, shape })
            };
            (0..compiled.count(side)?).map(port).collect::<Result<Vec<_>, EngineError>>()
        };
        Ok(Signature { inputs: all(Side::Input)?, outputs: all(Side::Output)? })
    }
}

impl OpenVino {
    fn hint(&self) -> &'static str {
        if self.plan.streams > 1 { "THROUGHPUT" } else { "LATENCY" }
    }
}

/// Checks that the graph has exactly the ports that the manifest declares.
fn ports(
    compiled: &Compiled,
    side: Side,
    declared: &[Port],
) -> Result<Vec<(CString, Port)>, EngineError> {
    let count = compiled.count(side)?;
    if count != declared.len() {
        return Err(EngineError::Mismatch(format!(
            "the manifest declares {} tensors as {side:?}, the model has {count}",
            declared.len()
        )));
    }
    let check = |port: &Port| {
        let name = c_string(&port.name)?;
        let (dtype, shape) = compiled.port(side, &name)?;
        if (dtype, &shape) != (Some(port.dtype), &port.shape) {
            return Err(EngineError::Mismatch(format!(
                "the manifest declares `{}` as {} {:?}, the model has {} {shape:?}",
                port.name,
                port.dtype.name(),
                port.shape,
                dtype.map_or("another type", DType::name),
            )));
        }
        Ok((name, port.clone()))
    };
    declared.iter().map(check).collect()
}

/// A compiled model and its idle requests. Fields are dropped in this order: requests first, the
/// engine that they belong to last.
struct Loaded {
    idle: Mutex<Vec<Request>>,
    compiled: Compiled,
    _core: Arc<Core>,
    inputs: Vec<(CString, Port)>,
    outputs: Vec<(CString, Port)>,
    gate: Arc<Gate>,
}

impl Session for Loaded {
    fn run(&self, inputs: &[(&str, &Tensor)]) -> Result<Outputs, EngineError> {
        let tensors = self.match_inputs(inputs)?;
        let _permit = self.gate.enter();
        let idle = self.idle.lock().pop();
        let mut request = match idle {
            Some(request) => request,
            None => self.compiled.request()?,
        };
        for ((name, port), tensor) in self.inputs.iter().zip(tensors) {
            let mut native = request.tensor(name)?;
            if port.shape.contains(&0) {
                native.reshape(tensor.shape())?;
            }
            match tensor.elements() {
                Elements::F32(elements) => native.write(elements)?,
                Elements::U8(elements) => native.write(elements)?,
                Elements::I32(elements) => native.write(elements)?,
            }
        }
        request.infer()?;
        let outputs = self.outputs.iter().map(|(name, port)| {
            let native = request.tensor(name)?;
            Ok((port.name.clone(), copy_out(&native, port)?))
        });
        let outputs = outputs.collect::<Result<_, EngineError>>()?;
        // After an error the request is dropped instead: its state is unknown.
        self.idle.lock().push(request);
        Ok(Outputs::new(outputs))
    }
}

impl Loaded {
    /// The given tensors in the order of the graph, each checked against its port.
    fn match_inputs<'a>(
        &self,
        given: &[(&str, &'a Tensor)],
    ) -> Result<Vec<&'a Tensor>, EngineError> {
        if given.len() != self.inputs.len() {
            return Err(EngineError::Mismatch(format!(
                "the model takes {} tensors and got {}",
                self.inputs.len(),
                given.len()
            )));
        }
        let find = |(_, port): &(CString, Port)| {
            let found = given.iter().find(|(name, _)| *name == port.name);
            let tensor = found.map(|(_, tensor)| *tensor).ok_or_else(|| {
                EngineError::Mismatch(format!("the model's input `{}` is missing", port.name))
            })?;
            if tensor.dtype() != port.dtype || !port.accepts(tensor.shape()) {
                return Err(EngineError::Mismatch(format!(
                    "the model's input `{}` is {} {:?} and got {} {:?}",
                    port.name,
                    port.dtype.name(),
                    port.shape,
                    tensor.dtype().name(),
                    tensor.shape()
                )));
            }
            Ok(tensor)
        };
        self.inputs.iter().map(find).collect()
    }
}

fn copy_out(native: &NativeTensor<'_>, port: &Port) -> Result<Tensor, EngineError> {
    let shape = native.shape()?;
    fn read<T: Element>(native: &NativeTensor<'_>, shape: &[usize]) -> Result<Vec<T>, EngineError> {
        native.read(shape.iter().product())
    }
    let elements: Elements = match port.dtype {
        DType::F32 => read::<f32>(native, &shape)?.into(),
        DType::U8 => read::<u8>(native, &shape)?.into(),
        DType::I32 => read::<i32>(native, &shape)?.into(),
    };
    Tensor::new(shape, elements).map_err(|error| EngineError::Mismatch(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::recent_enough;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        for build in ["2026.4.1-22982-abc", "2026.10.0-1", "2027.0.0"] {
            assert!(recent_enough(build), "{build}");
        }
        for build in ["2026.3.9-1", "2025.4.0", "nonsense", ""] {
            assert!(!recent_enough(build), "{build}");
        }
    }
}
