//! Safe owners of the native library's objects. All `unsafe` of this crate is in here.
//!
//! The library must have been loaded ([`load_library`]) before anything else is called.

use std::ffi::{CStr, CString, c_void};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr::{NonNull, null, null_mut};

use openvino_sys as sys;
use openvino_sys::ov_status_e;

use crate::engine::EngineError;
use crate::tensor::DType;

type Result<T> = std::result::Result<T, EngineError>;

/// Loads the library for the rest of the process and gives its build, e.g. `2026.4.1-22982-…`.
/// Loading again, even from elsewhere, keeps the first.
pub(super) fn load_library(path: &Path) -> std::result::Result<String, String> {
    // The loader panics where a library lacks the functions of OpenVINO.
    std::panic::catch_unwind(|| {
        sys::library::load_from(path)?;
        version()
    })
    .unwrap_or_else(|_| Err("it lacks the functions of OpenVINO's C interface".into()))
}

fn version() -> std::result::Result<String, String> {
    let mut version = sys::ov_version_t { buildNumber: null(), description: null() };
    // SAFETY: `version` outlives the call, which fills it in.
    if unsafe { sys::ov_get_openvino_version(&mut version) } != ov_status_e::OK
        || version.buildNumber.is_null()
    {
        return Err("it does not tell its version".into());
    }
    // SAFETY: the call succeeded, so this is a C string, alive until freed below.
    let build = unsafe { CStr::from_ptr(version.buildNumber) }.to_string_lossy().into_owned();
    // SAFETY: filled in by `ov_get_openvino_version`, freed once.
    unsafe { sys::ov_version_free(&mut version) };
    Ok(build)
}

/// Turns a status into a result with the library's own words, on one line.
fn check(doing: &str, status: ov_status_e) -> Result<()> {
    if status == ov_status_e::OK {
        return Ok(());
    }
    // SAFETY: no arguments; the answer is null or a C string that stays until this thread's next
    // call of the library.
    let message = unsafe {
        let message = sys::ov_get_last_err_msg();
        if message.is_null() { None } else { Some(CStr::from_ptr(message).to_string_lossy()) }
    };
    let words: Vec<_> = message.iter().flat_map(|m| m.split_whitespace()).take(80).collect();
    Err(EngineError::Failed(format!("{doing} failed ({status:?}): {}", words.join(" "))))
}

/// What a failure to load a model means. The library tells only by its words whether the model is to
/// blame: its graph does not parse, or holds what is not supported. All else (a file that does not
/// open, a part of the library that does not load, memory that is not there) may pass.
fn loading(error: EngineError) -> EngineError {
    let EngineError::Failed(why) = error else { return error };
    let refused = why.contains("FrontEnd API failed") && !why.contains("Could not open the file");
    // Without a reader of its own for the format, the library ran out of files to load it from.
    let foreign = why
        .split_once("Available frontends:")
        .is_some_and(|(_, frontends)| frontends.split_whitespace().any(|name| name == "onnx"));
    match refused || foreign || why.contains("NOT_IMPLEMENTED") {
        true => EngineError::Failed(why),
        false => EngineError::Unavailable(why),
    }
}

/// Text for the library.
pub(super) fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| EngineError::Mismatch(format!("{text:?} holds a NUL")))
}

fn some<T>(doing: &str, pointer: *mut T) -> Result<NonNull<T>> {
    NonNull::new(pointer)
        .ok_or_else(|| EngineError::Failed(format!("{doing} succeeded but gave nothing")))
}

macro_rules! freed {
    ($owner:ident, $free:ident) => {
        impl Drop for $owner {
            fn drop(&mut self) {
                // SAFETY: the pointer came from the library, is owned by this value alone and is
                // freed once.
                unsafe { sys::$free(self.0.as_ptr()) }
            }
        }
    };
}

/// The library's entry point.
pub(super) struct Core(NonNull<sys::ov_core_t>);
freed!(Core, ov_core_free);

// SAFETY: OpenVINO documents `ov::Core` as usable from several threads; nothing here depends on the
// thread that made it.
unsafe impl Send for Core {}
// SAFETY: as above.
unsafe impl Sync for Core {}

impl Core {
    pub(super) fn new() -> Result<Self> {
        let mut core = null_mut();
        // SAFETY: `core` outlives the call, which fills it in.
        check("starting OpenVINO", unsafe { sys::ov_core_create(&mut core) })?;
        some("starting OpenVINO", core).map(Self)
    }

    /// Reads and compiles a model file for the CPU.
    pub(super) fn compile(&self, file: &CStr, properties: &[(&CStr, &CStr)]) -> Result<Compiled> {
        let properties: Vec<_> = properties
            .iter()
            .map(|(key, value)| sys::ov_property_t {
                key: key.as_ptr(),
                value: value.as_ptr().cast::<c_void>(),
            })
            .collect();
        let mut compiled = null_mut();
        // SAFETY: `self.0` is a live core; all strings are NUL-terminated and, like the array of
        // properties, outlive the call; the values of the properties passed are strings.
        let status = unsafe {
            sys::ov_core_compile_model_from_file_props(
                self.0.as_ptr(),
                file.as_ptr(),
                c"CPU".as_ptr(),
                properties.len(),
                properties.as_ptr(),
                &mut compiled,
            )
        };
        check("compiling the model", status).map_err(loading)?;
        some("compiling the model", compiled).map(Compiled)
    }
}

/// Which end of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// A model made ready for the CPU.
pub(super) struct Compiled(NonNull<sys::ov_compiled_model_t>);
freed!(Compiled, ov_compiled_model_free);

// SAFETY: a compiled model is immutable; OpenVINO allows creating requests from several threads.
unsafe impl Send for Compiled {}
// SAFETY: as above.
unsafe impl Sync for Compiled {}

impl Compiled {
    /// How many inputs or outputs there are.
    pub(super) fn count(&self, side: Side) -> Result<usize> {
        let (model, mut count) = (self.0.as_ptr(), 0);
        // SAFETY: `model` is live; `count` outlives the call.
        let status = unsafe {
            match side {
                Side::Input => sys::ov_compiled_model_inputs_size(model, &mut count),
                Side::Output => sys::ov_compiled_model_outputs_size(model, &mut count),
            }
        };
        check("counting the model's tensors", status)?;
        Ok(count)
    }

    /// Element type and shape of an input or output; 0 stands for any length.
    pub(super) fn port(&self, side: Side, name: &CStr) -> Result<(Option<DType>, Vec<usize>)> {
        let (model, mut port) = (self.0.as_ptr(), null_mut());
        // SAFETY: `model` is live, `name` is NUL-terminated; `port` outlives the call.
        let status = unsafe {
            match side {
                Side::Input => {
                    sys::ov_compiled_model_input_by_name(model, name.as_ptr(), &mut port)
                }
                Side::Output => {
                    sys::ov_compiled_model_output_by_name(model, name.as_ptr(), &mut port)
                }
            }
        };
        check("finding a tensor of the model", status)?;
        let port = PortHandle(some("finding a tensor of the model", port)?);
        Ok((port.dtype()?, port.shape()?))
    }

    /// Name, element type and shape of an input or output by its place; 0 stands for any length.
    pub(super) fn port_at(
        &self,
        side: Side,
        index: usize,
    ) -> Result<(String, Option<DType>, Vec<usize>)> {
        let (model, mut port) = (self.0.as_ptr(), null_mut());
        // SAFETY: `model` is live; `port` outlives the call.
        let status = unsafe {
            match side {
                Side::Input => sys::ov_compiled_model_input_by_index(model, index, &mut port),
                Side::Output => sys::ov_compiled_model_output_by_index(model, index, &mut port),
            }
        };
        check("finding a tensor of the model", status)?;
        let port = PortHandle(some("finding a tensor of the model", port)?);
        Ok((port.name()?, port.dtype()?, port.shape()?))
    }

    pub(super) fn request(&self) -> Result<Request> {
        let mut request = null_mut();
        // SAFETY: `self.0` is live; `request` outlives the call.
        let status =
            unsafe { sys::ov_compiled_model_create_infer_request(self.0.as_ptr(), &mut request) };
        check("preparing a run", status)?;
        some("preparing a run", request).map(Request)
    }
}

struct PortHandle(NonNull<sys::ov_output_const_port_t>);
freed!(PortHandle, ov_output_const_port_free);

impl PortHandle {
    fn name(&self) -> Result<String> {
        let mut name = null_mut();
        // SAFETY: the port is live; `name` outlives the call.
        let status = unsafe { sys::ov_port_get_any_name(self.0.as_ptr(), &mut name) };
        check("reading a tensor's name", status)?;
        let name = some("reading a tensor's name", name)?;
        // SAFETY: the call succeeded, so this is a C string, alive until freed below.
        let text = unsafe { CStr::from_ptr(name.as_ptr()) }.to_string_lossy().into_owned();
        // SAFETY: given by the library, freed once.
        unsafe { sys::ov_free(name.as_ptr()) };
        Ok(text)
    }

    fn dtype(&self) -> Result<Option<DType>> {
        let mut code = 0_u32;
        // SAFETY: the port is live. The enum has the size of `u32`; reading it as a number keeps a
        // type that this binding does not know from becoming an invalid enum.
        let status =
            unsafe { sys::ov_port_get_element_type(self.0.as_ptr(), (&raw mut code).cast()) };
        check("reading a tensor's type", status)?;
        Ok(dtype(code))
    }

    fn shape(&self) -> Result<Vec<usize>> {
        let none = sys::ov_dimension_t { min: 0, max: 0 };
        let mut shape = sys::ov_partial_shape_t { rank: none, dims: null_mut() };
        // SAFETY: the port is live; `shape` outlives the call, which fills it in.
        let status = unsafe { sys::ov_port_get_partial_shape(self.0.as_ptr(), &mut shape) };
        check("reading a tensor's shape", status)?;
        let fixed_rank = shape.rank.min == shape.rank.max;
        let rank = usize::try_from(shape.rank.max).unwrap_or(0);
        let sides =
            if fixed_rank && !shape.dims.is_null() {
                // SAFETY: the library fills `dims` with one dimension for each axis.
                let dims = unsafe { std::slice::from_raw_parts(shape.dims, rank) };
                dims.iter()
                    .map(|side| {
                        if side.min == side.max {
                            usize::try_from(side.max).unwrap_or(0)
                        } else {
                            0
                        }
                    })
                    .collect()
            } else {
                vec![]
            };
        // SAFETY: filled in by the library, freed once.
        unsafe { sys::ov_partial_shape_free(&mut shape) };
        if !fixed_rank {
            return Err(EngineError::Mismatch("a tensor of the model has no fixed rank".into()));
        }
        Ok(sides)
    }
}

fn dtype(code: u32) -> Option<DType> {
    const CODES: [(sys::ov_element_type_e, DType); 3] = [
        (sys::ov_element_type_e::F32, DType::F32),
        (sys::ov_element_type_e::U8, DType::U8),
        (sys::ov_element_type_e::I32, DType::I32),
    ];
    CODES.iter().find(|(known, _)| *known as u32 == code).map(|(_, dtype)| *dtype)
}

/// Room for one run of a model at a time.
pub(super) struct Request(NonNull<sys::ov_infer_request_t>);
freed!(Request, ov_infer_request_free);

// SAFETY: a request may move between threads as long as one uses it at a time, which `&mut self`
// ensures.
unsafe impl Send for Request {}

impl Request {
    /// The tensor behind an input or an output.
    pub(super) fn tensor(&mut self, name: &CStr) -> Result<NativeTensor<'_>> {
        let mut tensor = null_mut();
        // SAFETY: the request is live, `name` is NUL-terminated, `tensor` outlives the call.
        let status = unsafe {
            sys::ov_infer_request_get_tensor(self.0.as_ptr(), name.as_ptr(), &mut tensor)
        };
        check("finding a tensor", status)?;
        Ok(NativeTensor {
            handle: TensorHandle(some("finding a tensor", tensor)?),
            of: PhantomData,
        })
    }

    /// Runs the model on the inputs as they stand; blocks until the outputs are there.
    pub(super) fn infer(&mut self) -> Result<()> {
        // SAFETY: the request is live and used by this thread alone.
        check("running the model", unsafe { sys::ov_infer_request_infer(self.0.as_ptr()) })
    }
}

struct TensorHandle(NonNull<sys::ov_tensor_t>);
freed!(TensorHandle, ov_tensor_free);

/// A tensor of a request, which is borrowed for as long: no run can change the data meanwhile.
pub(super) struct NativeTensor<'a> {
    handle: TensorHandle,
    of: PhantomData<&'a mut Request>,
}

impl NativeTensor<'_> {
    /// Gives the tensor another shape; its data is then undefined but allocated.
    pub(super) fn reshape(&mut self, shape: &[usize]) -> Result<()> {
        let mut sides: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
        let shape = sys::ov_shape_t { rank: sides.len() as i64, dims: sides.as_mut_ptr() };
        // SAFETY: the tensor is live; the library copies the shape, which outlives the call.
        let status = unsafe { sys::ov_tensor_set_shape(self.handle.0.as_ptr(), shape) };
        check("reshaping a tensor", status)
    }

    pub(super) fn dtype(&self) -> Result<Option<DType>> {
        let mut code = 0_u32;
        // SAFETY: the tensor is live; for the cast see `PortHandle::dtype`.
        let status = unsafe {
            sys::ov_tensor_get_element_type(self.handle.0.as_ptr(), (&raw mut code).cast())
        };
        check("reading a tensor's type", status)?;
        Ok(dtype(code))
    }

    pub(super) fn shape(&self) -> Result<Vec<usize>> {
        let mut shape = sys::ov_shape_t { rank: 0, dims: null_mut() };
        // SAFETY: the tensor is live; `shape` outlives the call, which fills it in.
        let status = unsafe { sys::ov_tensor_get_shape(self.handle.0.as_ptr(), &mut shape) };
        check("reading a tensor's shape", status)?;
        let rank = usize::try_from(shape.rank).unwrap_or(0);
        let sides = if rank == 0 || shape.dims.is_null() {
            vec![]
        } else {
            // SAFETY: the library filled `dims` with one length for each axis.
            let sides = unsafe { std::slice::from_raw_parts(shape.dims, rank) };
            sides.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect()
        };
        // SAFETY: filled in by the library, freed once.
        check("reading a tensor's shape", unsafe { sys::ov_shape_free(&mut shape) })?;
        Ok(sides)
    }

    /// Copies the elements in; there must be as many bytes as the tensor has.
    pub(super) fn write<T: Element>(&mut self, elements: &[T]) -> Result<()> {
        let data = self.data(size_of_val(elements), T::DTYPE)?;
        if !elements.is_empty() {
            // SAFETY: `data` checked the type and that the tensor has exactly this many bytes; it
            // is the tensor's own memory, so it does not overlap the caller's.
            unsafe { data.cast::<T>().copy_from_nonoverlapping(elements.as_ptr(), elements.len()) }
        }
        Ok(())
    }

    /// Copies the elements out; there must be `count` of them.
    pub(super) fn read<T: Element>(&self, count: usize) -> Result<Vec<T>> {
        let bytes = count.saturating_mul(size_of::<T>());
        let data = self.data(bytes, T::DTYPE)?;
        let mut elements = Vec::with_capacity(count);
        if count > 0 {
            // SAFETY: `data` checked the type and that the tensor has exactly `count` elements,
            // which the vector has room for; any bits are valid numbers of type `T`.
            unsafe {
                data.cast::<T>().copy_to_nonoverlapping(elements.as_mut_ptr(), count);
                elements.set_len(count);
            }
        }
        Ok(elements)
    }

    /// The tensor's memory, after checking that it has exactly `bytes` bytes of type `dtype`.
    fn data(&self, bytes: usize, dtype: DType) -> Result<*mut c_void> {
        let tensor = self.handle.0.as_ptr();
        let (mut has, mut data) = (0, null_mut());
        // SAFETY: the tensor is live; `has` outlives the call.
        check("measuring a tensor", unsafe { sys::ov_tensor_get_byte_size(tensor, &mut has) })?;
        let is = self.dtype()?;
        if has != bytes || is != Some(dtype) {
            return Err(EngineError::Mismatch(format!(
                "the tensor has {has} bytes of type {}, not {bytes} of type {}",
                is.map_or("unknown", DType::name),
                dtype.name()
            )));
        }
        if bytes > 0 {
            // SAFETY: the tensor is live; `data` outlives the call.
            check("reaching a tensor", unsafe { sys::ov_tensor_data(tensor, &mut data) })?;
            some("reaching a tensor", data)?;
        }
        Ok(data)
    }
}

/// Numbers that tensors hold. Any bit pattern is a valid value of such a type.
pub(super) trait Element: Copy {
    const DTYPE: DType;
}

impl Element for f32 {
    const DTYPE: DType = DType::F32;
}

impl Element for u8 {
    const DTYPE: DType = DType::U8;
}

impl Element for i32 {
    const DTYPE: DType = DType::I32;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What OpenVINO 2026.4 says, word for word but for the paths.
    #[test]
    fn a_broken_model_is_told_from_a_lack_that_may_pass() {
        let is_final = |words: &str| match loading(EngineError::Failed(words.to_owned())) {
            EngineError::Failed(_) => true,
            EngineError::Unavailable(_) => false,
            EngineError::Mismatch(_) => panic!("{words}"),
        };
        for words in [
            "Unable to read the model: \"m.onnx\" Please check that model format: \".onnx\" is \
             supported and the model is correct. Available frontends: jax paddle onnx pytorch",
            "Check 'm_model->ParseFromIstream(&model_file)' failed at graph_iterator_proto.cpp:563: \
             FrontEnd API failed with GeneralFailure: Model can't be parsed",
        ] {
            assert!(is_final(words), "{words}");
        }
        for words in [
            "Unable to read the model: \"m.onnx\" Please check that model format: \".onnx\" is \
             supported and the model is correct. Available frontends:",
            "Cannot load library \"libopenvino_intel_cpu_plugin.so\": cannot open shared object \
             file: Too many open files",
            "FrontEnd API failed with GeneralFailure: onnx: Could not open the file: \"m.onnx\"",
            "Exception from src/core/src/runtime/allocator.cpp:79: std::bad_alloc",
            "Exception from src/inference/src/dev/plugin.cpp:54: can't alloc",
        ] {
            assert!(!is_final(words), "{words}");
        }
    }
}
