//! Networks that do not ship, and that an operator can add: what each takes and gives, as published, and
//! how a file is told from one of another kind.
//!
//! Their weights could not be had here, or may not be passed on. Each was tried with a small graph of the
//! same signature alone; how good it is at its work was not measured.

mod table;

use std::path::Path;

use safelight_inference::manifest::{DataTerms, ModelSpec, Origin, Port, Precision, Training};
use safelight_inference::{DType, FoundPort, Signature};

pub use table::NETWORKS;

/// The kind of work of cut-outs; a model for it ships.
pub const CUTOUT: &str = "cutout";
/// The kind of work of removing objects.
pub const REMOVAL: &str = "removal";
/// The kind of work of restoring faces.
pub const FACES: &str = "faces";
/// The kind of work of colouring gray pictures.
pub const COLOUR: &str = "colour";
/// All of them, with what does the work where no network was chosen.
pub const SLOTS: &[(&str, &str)] = &[
    (CUTOUT, "u2net"),
    (REMOVAL, "filling from the rest of the photo"),
    (FACES, "measured noise and blur undone"),
    (COLOUR, "people tinted by hand"),
];

/// A network that can be added.
pub struct Network {
    /// Its name in settings.
    pub name: &'static str,
    /// The kind of work that it does.
    pub slot: &'static str,
    /// What it does, in a few words.
    pub task: &'static str,
    /// Inputs, in their order. One input may have any name; of several, the names count.
    pub inputs: &'static [Contract],
    /// The first output. Further ones, such as side outputs, are not read.
    pub output: Contract,
    /// Whom to credit.
    pub author: &'static str,
    /// The licence that its publishers state, as an SPDX identifier.
    pub licence: &'static str,
    /// What it was trained on.
    pub data: &'static str,
    /// What its terms say.
    pub terms: DataTerms,
    /// SHA-256 of published files, and their names.
    pub digests: &'static [(&'static str, &'static str)],
}

/// What an input or an output must be.
pub struct Contract {
    /// Name in the published graph.
    pub name: &'static str,
    /// Type of the elements.
    pub dtype: DType,
    /// Length of each axis; 0 stands for any length. A graph may leave a length open that is given here.
    pub shape: [usize; 4],
    /// What the numbers are.
    pub meaning: &'static str,
}

/// The network of a name.
pub fn find(name: &str) -> Option<&'static Network> {
    NETWORKS.iter().find(|network| network.name == name)
}

impl Network {
    /// The published file of this digest, if it is one.
    pub fn published(&self, sha256: &str) -> Option<&'static str> {
        self.digests.iter().find(|(digest, _)| *digest == sha256).map(|(_, file)| *file)
    }

    /// The entry of a file in a manifest.
    ///
    /// # Errors
    /// What of the signature is not as this network's: found and wanted.
    pub fn spec(
        &self,
        file: &Path,
        sha256: String,
        bytes: u64,
        found: &Signature,
    ) -> Result<ModelSpec, String> {
        let inputs = self.inputs_of(&found.inputs)?;
        let outputs = self.outputs_of(&found.outputs)?;
        let own =
            file.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        Ok(ModelSpec {
            name: self.name.to_owned(),
            slot: Some(self.slot.to_owned()),
            file: format!("{}.onnx", self.name),
            bytes,
            task: self.task.to_owned(),
            precision: Precision::F32,
            licence: self.licence.to_owned(),
            author: self.author.to_owned(),
            notice: Some(
                "Added by the operator; the licence is the one that its publishers state.".into(),
            ),
            inputs,
            outputs,
            origin: Origin {
                package: "a file of the operator's".into(),
                version: self.published(&sha256).unwrap_or("not a published file").to_owned(),
                archive_sha256: sha256.clone(),
                path: own,
                conversion: "none".into(),
            },
            training: Training { data: self.data.to_owned(), terms: self.terms, note: None },
            sha256,
        })
    }

    fn inputs_of(&self, found: &[FoundPort]) -> Result<Vec<Port>, String> {
        if found.len() != self.inputs.len() {
            return Err(self.misfit("inputs", found));
        }
        let by_name = self.inputs.len() > 1;
        let port = |own: &FoundPort| {
            let wanted = self.inputs.iter().find(|wanted| !by_name || wanted.name == own.name);
            wanted.and_then(|wanted| wanted.port(own)).ok_or_else(|| self.misfit("inputs", found))
        };
        found.iter().map(port).collect()
    }

    fn outputs_of(&self, found: &[FoundPort]) -> Result<Vec<Port>, String> {
        let first = found.first().and_then(|first| self.output.port(first));
        let first = first.ok_or_else(|| self.misfit("outputs", found))?;
        let further = found[1..].iter().map(|own| {
            let dtype = own.dtype.ok_or_else(|| self.misfit("outputs", found))?;
            let layout = "?".repeat(own.shape.len());
            let (name, shape) = (own.name.clone(), own.shape.clone());
            let meaning = "not read".to_owned();
            Ok(Port { name, dtype, shape, layout, meaning, normalisation: None })
        });
        std::iter::once(Ok(first)).chain(further).collect()
    }

    fn misfit(&self, side: &str, found: &[FoundPort]) -> String {
        let shown = |name: &str, dtype: Option<DType>, shape: &[usize]| {
            format!("`{name}` {} {shape:?}", dtype.map_or("of another type", DType::name))
        };
        let found = found.iter().map(|port| shown(&port.name, port.dtype, &port.shape));
        let found = found.collect::<Vec<_>>().join(", ");
        let wanted = match side {
            "inputs" => self.inputs,
            _ => std::slice::from_ref(&self.output),
        };
        let wanted = wanted
            .iter()
            .map(|port| shown(port.name, Some(port.dtype), &port.shape))
            .collect::<Vec<_>>();
        format!(
            "the file is not {}: its {side} are {found}; wanted are {} (0 stands for any length)",
            self.name,
            wanted.join(", ")
        )
    }
}

impl Contract {
    /// The port of a manifest, where what was found is as wanted.
    fn port(&self, found: &FoundPort) -> Option<Port> {
        let fits =
            |(wanted, found): (&usize, &usize)| *wanted == 0 || *found == 0 || wanted == found;
        let shape = found.shape.len() == 4 && self.shape.iter().zip(&found.shape).all(fits);
        (shape && found.dtype == Some(self.dtype)).then(|| Port {
            name: found.name.clone(),
            dtype: self.dtype,
            shape: found.shape.clone(),
            layout: "NCHW".into(),
            meaning: self.meaning.to_owned(),
            normalisation: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, dtype: Option<DType>, shape: &[usize]) -> FoundPort {
        FoundPort { name: name.into(), dtype, shape: shape.into() }
    }

    fn checked(
        name: &str,
        inputs: Vec<FoundPort>,
        outputs: Vec<FoundPort>,
    ) -> Result<ModelSpec, String> {
        let found = Signature { inputs, outputs };
        let network = find(name).expect("a network");
        network.spec(Path::new("/somewhere/x.onnx"), "0".repeat(64), 9, &found)
    }

    #[test]
    fn names_of_one_input_do_not_count_and_side_outputs_are_let_be() {
        let f32 = Some(DType::F32);
        let outputs =
            vec![port("mask", f32, &[1, 1, 1024, 1024]), port("side", f32, &[1, 1, 512, 512])];
        let spec = checked("isnet-general-use", vec![port("x", f32, &[0, 3, 0, 0])], outputs);
        let spec = spec.expect("it fits");
        assert_eq!((spec.inputs[0].name.as_str(), spec.outputs.len()), ("x", 2));
        assert_eq!(spec.slot.as_deref(), Some(CUTOUT));
        assert_eq!(spec.origin.version, "not a published file");
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_is_wanted() {
        let f32 = Some(DType::F32);
        let out = || vec![port("out", f32, &[1, 3, 512, 512])];
        let image = || port("image", f32, &[1, 3, 512, 512]);
        let mask = || port("mask", f32, &[1, 1, 512, 512]);
        assert!(checked("lama", vec![image(), mask()], out()).is_ok());
        assert!(checked("lama", vec![mask(), image()], out()).is_ok(), "any order, by their names");
        for (inputs, outputs, named) in [
            (vec![image()], out(), "its inputs are `image` f32 [1, 3, 512, 512]; wanted are"),
            (vec![image(), port("hole", f32, &[1, 1, 512, 512])], out(), "`hole` f32"),
            (vec![image(), port("mask", None, &[1, 1, 512, 512])], out(), "`mask` of another type"),
            (vec![image(), port("mask", f32, &[1, 1, 256, 256])], out(), "[1, 1, 256, 256]"),
            (vec![image(), mask()], vec![port("out", f32, &[1, 1, 512, 512])], "its outputs are"),
            (vec![image(), mask()], vec![], "its outputs are ; wanted"),
        ] {
            let why = checked("lama", inputs, outputs).expect_err(named);
            assert!(why.starts_with("the file is not lama: ") && why.contains(named), "{why}");
        }
    }

    #[test]
    fn the_table_is_sound() {
        for (index, network) in NETWORKS.iter().enumerate() {
            assert!(SLOTS.iter().any(|(slot, _)| *slot == network.slot), "{}", network.name);
            assert!(NETWORKS[..index].iter().all(|other| other.name != network.name));
            for (digest, _) in network.digests {
                assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()));
            }
        }
    }
}
