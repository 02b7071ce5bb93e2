//! What a picture file declares of its making: that a model made it, or part of it. Reads metadata
//! alone, no pixels, and trusts nothing: every length is checked, what is read is bounded, and signatures
//! are not verified. A file that declares nothing may still be made by a model.
//!
//! ```
//! let file = b"GIF89a, which holds none of the places that are read";
//! assert!(safelight_provenance::read(file).evidence.is_empty());
//! ```

#![forbid(unsafe_code)]

mod c2pa;
mod container;
mod exif;
mod text;

/// Where a declaration was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The digital source type of the IPTC, in XMP: `trainedAlgorithmicMedia` and its like.
    DigitalSourceType,
    /// The label of GB 45438-2025, in XMP, Exif or a text chunk of PNG.
    AigcLabel,
    /// What a generator writes into its files: its parameters or its name.
    Generator,
    /// The digital source type in a C2PA manifest, whose signature is not verified.
    C2pa,
}

impl Kind {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::DigitalSourceType => "iptc_digital_source_type",
            Self::AigcLabel => "aigc_label",
            Self::Generator => "generator",
            Self::C2pa => "c2pa",
        }
    }
}

/// A declaration that a picture, or part of it, was made by a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it was found.
    pub kind: Kind,
    /// What was found, up to [`MOST_VALUE`] characters without control characters.
    pub value: String,
}

/// What a file declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Declarations of synthesis, up to [`MOST_EVIDENCE`], each once.
    pub evidence: Vec<Evidence>,
    /// Whether there is a C2PA manifest, whatever it says.
    pub has_c2pa_manifest: bool,
}

/// Most characters of a value.
pub const MOST_VALUE: usize = 120;
/// Most declarations of a file.
pub const MOST_EVIDENCE: usize = 16;

impl Declared {
    /// Whether the file declares that a model made it, or part of it.
    pub fn is_synthetic(&self) -> bool {
        !self.evidence.is_empty()
    }

    fn add(&mut self, kind: Kind, value: &str) {
        let value: String =
            value.chars().filter(|letter| !letter.is_control()).take(MOST_VALUE).collect();
        let evidence = Evidence { kind, value: value.trim().to_owned() };
        if self.evidence.len() < MOST_EVIDENCE && !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }
}

/// Reads the metadata of a JPEG, PNG or WebP; other files declare nothing.
pub fn read(file: &[u8]) -> Declared {
    let mut declared = Declared::default();
    let mut manifest = Vec::new();
    container::each_part(file, &mut |part| match part {
        container::Part::Xmp(packet) => text::xmp(&packet, &mut declared),
        container::Part::Exif(block) => exif::read(block, &mut declared),
        container::Part::Text { name, value } => text::named(&name, &value, &mut declared),
        container::Part::C2pa(piece) => c2pa::collect(&mut manifest, piece),
    });
    if !manifest.is_empty() {
        c2pa::read(&manifest, &mut declared);
    }
    declared
}
