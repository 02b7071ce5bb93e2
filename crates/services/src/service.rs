//! The trait that a service implements, and its form without types in the catalogue.

use bytes::Bytes;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Header, Photo, decode, jpeg_quality, probe};

use crate::{Answer, Declaration, FileField, Form, Node, Work};

/// A service: what it says about itself, how it reads a request, and the work.
pub trait Service: 'static {
    /// Typed input.
    type Input: Send + 'static;
    /// Typed output.
    type Output: Answer;
    /// Everything about it.
    const DECLARATION: &'static Declaration;

    /// Reads and checks every declared file and parameter, headers only: nothing is decoded yet.
    fn read(form: &Form) -> Result<Self::Input>;

    /// Peak bytes beyond what the declaration's [`Memory`](crate::Memory) counts, where the request
    /// decides: a result larger than the pictures sent.
    fn further_bytes(_: &Self::Input) -> u64 {
        0
    }

    /// Does the work. Runs on a thread of its own, may take long, stops between its stages.
    fn run(input: Self::Input, work: &Work) -> Result<Self::Output>;
}

/// A picture that was sent: its bytes and what its header says.
#[derive(Clone, Debug)]
pub struct Upload {
    bytes: Bytes,
    header: Header,
}

impl Upload {
    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The file as it was sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The quality that a JPEG was compressed with, see [`jpeg_quality`]; `None` for other formats.
    pub fn jpeg_quality(&self) -> Option<u8> {
        jpeg_quality(&self.bytes)
    }

    /// Decodes to upright 8-bit sRGB, as the stage `decode`.
    pub fn decode(&self, work: &Work) -> Result<Photo> {
        work.stage("decode", || decode(&self.bytes, &self.header))
    }
}

impl FileField {
    /// Like [`Self::read`], for a file that need not be sent.
    pub fn read_if_sent(&self, form: &Form) -> Result<Option<Upload>> {
        let sent = form.file(self.name).is_some() || form.text(self.name).is_some();
        if sent { self.read(form).map(Some) } else { Ok(None) }
    }

    /// Reads the file and checks its header against the rules. Absent is `MISSING_PARAMETERS`, of
    /// zero length `PARAMETERS_CANNOT_EMPTY`, for the rest see [`safelight_imaging::Rules`].
    pub fn read(&self, form: &Form) -> Result<Upload> {
        let name = self.name;
        let bytes = form.file(name).ok_or_else(|| match form.text(name) {
            Some(_) => Fault::new(
                Code::ErrorParameters,
                format!("{name} is text, it must be sent as a file of multipart/form-data"),
            ),
            None => Fault::new(Code::MissingParameters, format!("{name} is missing")),
        })?;
        if bytes.is_empty() {
            return Err(Fault::new(
                Code::ParametersCannotEmpty,
                format!("{name} is a file of 0 bytes"),
            ));
        }
        self.rules.check_size(name, bytes.len() as u64)?;
        let header = probe(bytes)
            .map_err(|fault| Fault::new(fault.code(), format!("{name}: {}", fault.message())))?;
        self.rules.check(name, &header)?;
        Ok(Upload { bytes: bytes.clone(), header })
    }
}

/// What a job will take, known before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Pixels of all its pictures.
    pub pixels: u64,
    /// Peak bytes: decoding and the service's own work.
    pub bytes: u64,
}

/// The work of a job, its input inside.
type Run = Box<dyn FnOnce(&Work) -> Result<Node> + Send>;

/// A request that passed every check and waits to be run.
pub struct Job {
    cost: Cost,
    run: Run,
}

impl Job {
    /// What it will take.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Does the work; blocks.
    pub fn run(self, work: &Work) -> Result<Node> {
        (self.run)(work)
    }
}

/// A service in the catalogue.
pub struct Entry {
    declaration: &'static Declaration,
    prepare: fn(&Form) -> Result<Job>,
}

impl Entry {
    /// The entry of a service.
    pub const fn of<S: Service>() -> Self {
        Self { declaration: S::DECLARATION, prepare: prepare::<S> }
    }

    /// What the service says about itself.
    pub fn declaration(&self) -> &'static Declaration {
        self.declaration
    }

    /// Checks a request and makes it a job; the first field that is wrong decides the fault.
    pub fn prepare(&self, form: &Form) -> Result<Job> {
        (self.prepare)(form)
    }
}

fn prepare<S: Service>(form: &Form) -> Result<Job> {
    let declaration = S::DECLARATION;
    let input = S::read(form)?;
    let bytes = declaration.memory.base + S::further_bytes(&input);
    let mut cost = Cost { pixels: 0, bytes };
    let headers = declaration.files.iter().filter_map(|field| form.file(field.name));
    for header in headers.filter_map(|bytes| probe(bytes).ok()) {
        cost.pixels += header.pixels();
        cost.bytes += header.decode_bytes() + header.pixels() * declaration.memory.per_pixel;
    }
    Ok(Job { cost, run: Box::new(move |work| S::run(input, work).map(Answer::into_node)) })
}
