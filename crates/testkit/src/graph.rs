//! Small ONNX graphs with the signatures of networks that do not ship: they do something simple that a test
//! can tell from the photo. Written by hand, as ONNX's protocol buffers are.

use safelight_inference::DType;
use safelight_vision::networks::{self, Contract};

/// Version of the format, and of the operators.
const IR: u64 = 8;
const OPSET: u64 = 13;

/// A graph with the signature of a network:
///
/// - cut-outs: how bright a pixel is (BiRefNet: as logits);
/// - removal: the picture, gray of 128 in the hole;
/// - faces: the negative;
/// - colour: a* is 60 times the lightness, b* is -20 everywhere.
///
/// # Panics
/// For a network that is none.
pub fn network(name: &str) -> Vec<u8> {
    let network = networks::find(name).unwrap_or_else(|| panic!("{name} is no network"));
    let image = network.inputs[0].name;
    let result = network.output.name;
    let mut graph = Graph::default();
    match (network.slot, network.inputs[0].dtype) {
        (networks::CUTOUT, _) if name.starts_with("birefnet") => {
            graph.number("steep", 4.0);
            graph.node("ReduceMean", &[image], "bright", &[("axes", Value::List(&[1]))]);
            graph.node("Mul", &["bright", "steep"], result, &[]);
        }
        (networks::CUTOUT, _) => {
            graph.node("ReduceMean", &[image], result, &[("axes", Value::List(&[1]))]);
        }
        (networks::REMOVAL, DType::U8) => {
            let float = ("to", Value::Number(1));
            graph.node("Cast", &[image], "pixels", &[float]);
            graph.node("Cast", &["mask"], "bytes", &[float]);
            graph.number("white", 255.0);
            graph.node("Div", &["bytes", "white"], "known", &[]);
            graph.filled("pixels");
            graph.node("Cast", &["filled"], result, &[("to", Value::Number(2))]);
        }
        (networks::REMOVAL, _) => {
            graph.number("white", 255.0);
            graph.node("Mul", &[image, "white"], "pixels", &[]);
            graph.node("Sub", &["one", "mask"], "known", &[]);
            graph.filled("pixels");
            graph.node("Identity", &["filled"], result, &[]);
        }
        (networks::FACES, _) => graph.node("Neg", &[image], result, &[]),
        _ => {
            graph.number("sixty", 60.0);
            graph.number("nothing", 0.0);
            graph.number("blue", -20.0);
            graph.node("ReduceMean", &[image], "lightness", &[("axes", Value::List(&[1]))]);
            graph.node("Mul", &["lightness", "sixty"], "a", &[]);
            graph.node("Mul", &["lightness", "nothing"], "zero", &[]);
            graph.node("Add", &["zero", "blue"], "b", &[]);
            graph.node("Concat", &["a", "b"], result, &[("axis", Value::Number(1))]);
        }
    }
    graph.number("one", 1.0);
    graph.file(network.inputs, &network.output)
}

/// A graph under construction: the fields of `GraphProto`.
#[derive(Default)]
struct Graph {
    nodes: Vec<u8>,
    numbers: Vec<u8>,
}

/// The value of an attribute.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    List(&'a [u64]),
}

impl Graph {
    /// The picture where it is `known`, 128 where it is not.
    fn filled(&mut self, pixels: &str) {
        self.number("gray", 128.0);
        self.node("Mul", &[pixels, "known"], "kept", &[]);
        self.node("Sub", &["one", "known"], "hole", &[]);
        self.node("Mul", &["hole", "gray"], "made", &[]);
        self.node("Add", &["kept", "made"], "filled", &[]);
    }

    fn node(
        &mut self,
        kind: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Value<'_>)],
    ) {
        let mut node = Vec::new();
        inputs.iter().for_each(|name| text(&mut node, 1, name));
        text(&mut node, 2, output);
        text(&mut node, 4, kind);
        for (name, value) in attributes {
            let mut attribute = Vec::new();
            text(&mut attribute, 1, name);
            match value {
                Value::Number(number) => {
                    whole(&mut attribute, 3, *number);
                    whole(&mut attribute, 20, 2);
                }
                Value::List(numbers) => {
                    numbers.iter().for_each(|number| whole(&mut attribute, 8, *number));
                    whole(&mut attribute, 20, 7);
                }
            }
            bytes(&mut node, 5, &attribute);
        }
        bytes(&mut self.nodes, 1, &node);
    }

    /// A constant.
    fn number(&mut self, name: &str, value: f32) {
        let mut tensor = Vec::new();
        whole(&mut tensor, 1, 1);
        whole(&mut tensor, 2, 1);
        text(&mut tensor, 8, name);
        bytes(&mut tensor, 9, &value.to_le_bytes());
        bytes(&mut self.numbers, 5, &tensor);
    }

    fn file(self, inputs: &[Contract], output: &Contract) -> Vec<u8> {
        let mut graph = self.nodes;
        text(&mut graph, 2, "small");
        graph.extend(self.numbers);
        inputs.iter().for_each(|port| bytes(&mut graph, 11, &value_info(port)));
        bytes(&mut graph, 12, &value_info(output));
        let mut opset = Vec::new();
        whole(&mut opset, 2, OPSET);
        let mut model = Vec::new();
        whole(&mut model, 1, IR);
        bytes(&mut model, 7, &graph);
        bytes(&mut model, 8, &opset);
        model
    }
}

/// `ValueInfoProto` of an input or output; lengths that are open are named after their axis.
fn value_info(port: &Contract) -> Vec<u8> {
    let mut shape = Vec::new();
    for (axis, side) in port.shape.into_iter().enumerate() {
        let mut dimension = Vec::new();
        match side {
            0 => text(&mut dimension, 2, &format!("axis{axis}")),
            side => whole(&mut dimension, 1, side as u64),
        }
        bytes(&mut shape, 1, &dimension);
    }
    let mut tensor = Vec::new();
    whole(&mut tensor, 1, if port.dtype == DType::U8 { 2 } else { 1 });
    bytes(&mut tensor, 2, &shape);
    let (mut kind, mut info) = (Vec::new(), Vec::new());
    bytes(&mut kind, 1, &tensor);
    text(&mut info, 1, port.name);
    bytes(&mut info, 2, &kind);
    info
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn whole(out: &mut Vec<u8>, field: u64, number: u64) {
    varint(out, field << 3);
    varint(out, number);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, (field << 3) | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn text(out: &mut Vec<u8>, field: u64, value: &str) {
    bytes(out, field, value.as_bytes());
}
