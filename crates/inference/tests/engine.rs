//! The built-in engine, on the model that ships and on tiny models made here.

use std::path::Path;
use std::sync::Arc;
use std::{fs, thread};

use safelight_contract::Code;
use safelight_inference::manifest::{Manifest, ModelSpec};
use safelight_inference::scheduler::Plan;
use safelight_inference::{DType, Engine, EngineError, Model, OpenVino, Session, Settings, Tensor};
use safelight_testkit as testkit;

fn u2net() -> Arc<Model> {
    testkit::registry().get("u2net").unwrap_or_else(|fault| panic!("{fault}"))
}

/// Something with structure, the same each time.
fn ramp(seed: usize) -> Tensor {
    let pixels = 3 * 320 * 320;
    let values: Vec<f32> =
        (0..pixels).map(|i| ((i * (seed + 7)) % 1009) as f32 / 252.0 - 2.0).collect();
    Tensor::new([1, 3, 320, 320], values).expect("the shape fits")
}

#[test]
fn the_same_input_gives_the_same_output_from_any_thread() {
    let model = u2net();
    let expected: Vec<_> =
        (0..2).map(|seed| model.run(&[("input.1", &ramp(seed))]).expect("a run")).collect();
    assert_ne!(expected[0], expected[1]);
    thread::scope(|scope| {
        for caller in 0..4 {
            let (model, expected) = (&model, &expected);
            scope.spawn(move || {
                let outputs = model.run(&[("input.1", &ramp(caller % 2))]).expect("a run");
                assert_eq!(outputs, expected[caller % 2]);
            });
        }
    });
    let mask = expected[0].get("1959").expect("the declared output");
    assert_eq!((mask.shape(), mask.dtype()), (&[1, 1, 320, 320][..], DType::F32));
}

#[test]
fn wrong_tensors_are_errors() {
    let model = u2net();
    let good = ramp(0);
    let small = Tensor::new([1, 3, 2, 2], vec![0.0_f32; 12]).expect("the shape fits");
    let bytes = Tensor::new([1, 3, 320, 320], vec![0_u8; 3 * 320 * 320]).expect("the shape fits");
    let wrong: [&[(&str, &Tensor)]; 5] = [
        &[],
        &[("input.1", &small)],
        &[("input.1", &bytes)],
        &[("other", &good)],
        &[("input.1", &good), ("input.1", &good)],
    ];
    for inputs in wrong {
        let fault = model.run(inputs).expect_err("these are not its inputs");
        assert_eq!(fault.code(), Code::AiServiceInternalError);
    }
    model.run(&[("input.1", &good)]).expect("it still works");
}

fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![tag << 3 | 2, u8::try_from(bytes.len()).expect("a short field")];
    all.extend_from_slice(bytes);
    all
}

/// An ONNX model that gives back its input of one axis; 0 stands for any length.
fn identity(onnx_type: u8, length: u8) -> Vec<u8> {
    let side = if length == 0 { field(2, b"n") } else { vec![1 << 3, length] };
    let kind = [vec![1 << 3, onnx_type], field(2, &field(1, &side))].concat();
    let value = |name: &[u8]| [field(1, name), field(2, &field(1, &kind))].concat();
    let node = [field(1, b"x"), field(2, b"y"), field(4, b"Identity")].concat();
    let graph = [field(1, &node), field(2, b"g"), field(11, &value(b"x")), field(12, &value(b"y"))];
    [vec![1 << 3, 8], field(7, &graph.concat()), field(8, &[2 << 3, 13])].concat()
}

/// Loads such a model as if a manifest declared it with this type and length.
fn load(
    dir: &Path,
    bytes: &[u8],
    dtype: &str,
    length: usize,
) -> Result<Box<dyn Session>, EngineError> {
    let mut manifest = Manifest::read(&testkit::models()).expect("the manifest");
    let mut spec: ModelSpec = manifest.models.remove(0);
    for (port, name) in spec.inputs.iter_mut().chain(&mut spec.outputs).zip(["x", "y"]) {
        (port.name, port.shape) = (name.into(), vec![length]);
        port.dtype = match dtype {
            "u8" => DType::U8,
            "i32" => DType::I32,
            _ => DType::F32,
        };
    }
    let file = dir.join("model.onnx");
    fs::write(&file, bytes).expect("a file");
    let plan = Plan::new(&Settings::default());
    OpenVino::load(&testkit::runtime(), &dir.join("cache"), plan)?.load(&spec, &file)
}

#[test]
fn all_types_and_free_lengths_pass_through() {
    let dir = tempfile::tempdir().expect("a folder");
    for (dtype, onnx_type) in [("f32", 1), ("u8", 2), ("i32", 6)] {
        for declared in [0_u8, 3] {
            let bytes = identity(onnx_type, declared);
            let session = load(dir.path(), &bytes, dtype, declared.into()).expect("a session");
            for length in [3_usize, 5, 1, 3] {
                let tensor = match dtype {
                    "u8" => Tensor::new([length], vec![200_u8; length]),
                    "i32" => Tensor::new([length], vec![-70_000_i32; length]),
                    _ => Tensor::new([length], vec![0.25_f32; length]),
                };
                let tensor = tensor.expect("the shape fits");
                match session.run(&[("x", &tensor)]) {
                    Ok(outputs) => assert_eq!(outputs.get("y"), Some(&tensor)),
                    Err(EngineError::Mismatch(_)) => assert_ne!(usize::from(declared), length),
                    Err(error) => panic!("{dtype} {declared} {length}: {error}"),
                }
            }
        }
    }
}

#[test]
fn a_file_that_is_not_the_declared_model_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let outcome = |bytes: &[u8], dtype, length| {
        load(dir.path(), bytes, dtype, length).map(drop).expect_err("it is refused")
    };
    let type_differs = outcome(&identity(1, 3), "u8", 3);
    assert!(matches!(&type_differs, EngineError::Mismatch(text) if text.contains("u8 [3]")));
    let shape_differs = outcome(&identity(1, 3), "f32", 4);
    assert!(matches!(&shape_differs, EngineError::Mismatch(text) if text.contains("f32 [4]")));
    for garbage in [b"no model at all".as_slice(), b""] {
        assert!(matches!(outcome(garbage, "f32", 3), EngineError::Failed(_)));
    }
}
