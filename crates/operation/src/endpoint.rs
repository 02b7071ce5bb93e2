//! The traits that an endpoint implements, and its form without types in a catalogue.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use safelight_contract::{Code, Fault, Result};

use crate::context::Context;
use crate::field::{Fields, FileField, InputField};
use crate::form::Form;
use crate::generator::Generator;
use crate::moderation::Moderation;
use crate::node::Node;
use crate::output::Output;
use crate::param::Parameter;
use crate::picture::Picture;
use crate::sample_answer::SampleAnswer;
use crate::shape::Shape;
use crate::spec::{Needs, Spec};
use crate::work::Work;

/// What a request sends; derived for structs with the macro of the same name.
pub trait Input: Sized + Send + 'static {
    /// The fields, in the order that they are read in.
    const FIELDS: &'static [InputField];

    /// Reads and checks every field, of pictures the headers only. The first field that is wrong
    /// decides the fault.
    ///
    /// # Errors
    /// Those of the fields.
    fn read(form: &Form) -> Result<Self>;

    /// Every picture that was sent.
    fn pictures(&self) -> Vec<&Picture>;
}

/// No fields.
impl Input for () {
    const FIELDS: &'static [InputField] = &[];

    fn read(_: &Form) -> Result<Self> {
        Ok(())
    }

    fn pictures(&self) -> Vec<&Picture> {
        Vec::new()
    }
}

/// An endpoint: what it says about itself, what it takes, what it answers, and the work.
pub trait Operation: 'static {
    /// Everything about it but its fields.
    const SPEC: &'static Spec;
    /// What the work may ask the context for.
    const NEEDS: Needs;
    /// What a request sends.
    type Input: Input;
    /// What a success answers.
    type Output: Output;

    /// Peak bytes beyond what [`Memory`](crate::Memory) counts, where the request decides: a result
    /// larger than the pictures sent.
    fn further_bytes(_: &Self::Input) -> u64 {
        0
    }

    /// Which lane the work takes.
    fn lane(_: &Self::Input) -> Lane {
        Lane::Cpu
    }

    /// How many times the price is charged: the items of a list.
    fn units(_: &Self::Input) -> u32 {
        1
    }

    /// Passes what can be done without a generative engine. Where none makes the pictures of a request,
    /// it is refused before it is accepted.
    ///
    /// # Errors
    /// [`no_engine_for`](crate::no_engine_for) for what needs one.
    fn native(_: &Self::Input) -> Result<()> {
        Ok(())
    }

    /// Does the work.
    fn run(
        input: Self::Input,
        context: &Context,
    ) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// An operation whose work is one blocking function over the models.
pub trait CpuOperation: 'static {
    /// See [`Operation::SPEC`].
    const SPEC: &'static Spec;
    /// See [`Operation::NEEDS`].
    const NEEDS: Needs;
    /// See [`Operation::Input`].
    type Input: Input;
    /// See [`Operation::Output`].
    type Output: Output + Send + 'static;

    /// See [`Operation::further_bytes`].
    fn further_bytes(_: &Self::Input) -> u64 {
        0
    }

    /// See [`Operation::native`].
    ///
    /// # Errors
    /// As there.
    fn native(_: &Self::Input) -> Result<()> {
        Ok(())
    }

    /// Does the work. Runs on a thread of its own, may take long, stops between its stages.
    ///
    /// # Errors
    /// Whatever keeps it from an answer.
    fn run(input: Self::Input, work: &Work) -> Result<Self::Output>;
}

impl<T: CpuOperation> Operation for T {
    const SPEC: &'static Spec = <T as CpuOperation>::SPEC;
    const NEEDS: Needs = <T as CpuOperation>::NEEDS;
    type Input = <T as CpuOperation>::Input;
    type Output = <T as CpuOperation>::Output;

    fn further_bytes(input: &Self::Input) -> u64 {
        <T as CpuOperation>::further_bytes(input)
    }

    fn native(input: &Self::Input) -> Result<()> {
        <T as CpuOperation>::native(input)
    }

    async fn run(input: Self::Input, context: &Context) -> Result<Self::Output> {
        context.cpu(move |work| <T as CpuOperation>::run(input, work)).await
    }
}

/// What a job works on most of its time. A job waits for a place on its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The processor: one of the server's worker slots.
    Cpu,
    /// Neither: rows, or an engine elsewhere.
    None,
}

/// What a job will take, known before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Pixels of all its pictures.
    pub pixels: u64,
    /// Peak bytes: decoding and the operation's own work.
    pub bytes: u64,
    /// What it works on.
    pub lane: Lane,
}

/// The work of a job, its input inside.
type Run = Box<dyn FnOnce(Context) -> BoxFuture<'static, Result<Node>> + Send>;

/// A request that passed every check and waits to be run.
pub struct Job {
    cost: Cost,
    units: u32,
    /// Size of the first picture of the request.
    photo: Option<(u32, u32)>,
    generator: Option<Arc<dyn Generator>>,
    /// Whether it can be done without one.
    native: Result<()>,
    moderation: Option<Arc<dyn Moderation>>,
    run: Run,
}

impl Job {
    /// The same job, whose pictures this engine makes: it takes a worker slot for its own work around that
    /// alone, and memory for the engine's pictures beside.
    #[must_use]
    pub fn made_by(mut self, generator: Arc<dyn Generator>) -> Self {
        let further = generator.frame().bytes(self.cost.pixels);
        self.cost.bytes = self.cost.bytes.saturating_add(further);
        self.cost.lane = Lane::None;
        self.generator = Some(generator);
        self
    }

    /// Whether it asks for more than can be done without an engine.
    pub fn needs_engine(&self) -> bool {
        self.native.is_err()
    }

    /// The same job, done without an engine.
    ///
    /// # Errors
    /// `ERROR_AI_NOT_EXISTS` for what needs one.
    pub fn natively(self) -> Result<Self> {
        self.native.clone().map(|()| self)
    }

    /// The same job under a policy, to which every picture on its way in and out is shown.
    #[must_use]
    pub fn under(mut self, moderation: Arc<dyn Moderation>) -> Self {
        self.cost.bytes = self.cost.bytes.saturating_add(moderation.bytes());
        self.moderation = Some(moderation);
        self
    }

    /// What it will take.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// How many times the price it is charged.
    pub fn units(&self) -> u32 {
        self.units
    }

    /// Does the work. The answer is always an object: the business fields that stand beside the
    /// envelope.
    ///
    /// # Errors
    /// Those of the operation and of the policy.
    pub async fn run(self, context: Context) -> Result<Node> {
        if self.generator.is_none() {
            self.native?;
        }
        let context = context.with_generator(self.generator).with_moderation(self.moderation);
        let answer = (self.run)(context.clone()).await?;
        context.let_out(answer).await
    }

    /// Does the work on this thread; blocks.
    ///
    /// # Errors
    /// Those of the operation.
    pub fn run_here(self, context: Context) -> Result<Node> {
        futures_executor::block_on(self.run(context))
    }
}

/// An endpoint in a catalogue.
pub struct Endpoint {
    spec: &'static Spec,
    needs: Needs,
    fields: &'static [InputField],
    answer: fn() -> Shape,
    answers_files: bool,
    prepare: fn(&Form) -> Result<Job>,
}

impl Endpoint {
    /// The entry of an operation.
    pub const fn of<O: Operation>() -> Self {
        Self {
            spec: O::SPEC,
            needs: O::NEEDS,
            fields: O::Input::FIELDS,
            answer: O::Output::shape,
            answers_files: O::Output::HOLDS_FILES,
            prepare: prepare::<O>,
        }
    }

    /// Everything about it but its fields.
    pub fn spec(&self) -> &'static Spec {
        self.spec
    }

    /// What the work may ask for.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// The fields that it takes, in the order that they are read in.
    pub fn fields(&self) -> &'static [InputField] {
        self.fields
    }

    /// All that a request may hold: the fields, and the parameters of its delivery.
    pub fn accepts(&self) -> Fields {
        Fields::new(self.fields, self.spec.delivery.parameters())
    }

    /// The files that it takes; the first is the photo that it works on, which the command line
    /// fills.
    pub fn files(&self) -> impl Iterator<Item = &'static FileField> {
        self.fields.iter().filter_map(InputField::file)
    }

    /// The scalar parameters that it takes.
    pub fn parameters(&self) -> impl Iterator<Item = &'static dyn Parameter> {
        self.fields.iter().filter_map(|field| match field {
            InputField::File(_) => None,
            InputField::Text(parameter) => Some(*parameter),
        })
    }

    /// The shape of a success's business fields.
    pub fn answer(&self) -> Shape {
        (self.answer)()
    }

    /// Whether its answers refer to result files.
    pub fn answers_files(&self) -> bool {
        self.answers_files
    }

    /// Checks a request and makes it a job; the first field that is wrong decides the fault.
    ///
    /// # Errors
    /// Those of the fields.
    pub fn prepare(&self, form: &Form) -> Result<Job> {
        (self.prepare)(form)
    }

    /// Checks a request just as [`Self::prepare`] does, and makes it a job that answers a sample in
    /// place of the work: every property that the answer may have, pictures of the size of the first
    /// that was sent. Needs no models.
    ///
    /// # Errors
    /// Those of the fields.
    pub fn prepare_sample(&self, form: &Form) -> Result<Job> {
        let job = self.prepare(form)?;
        let sample = SampleAnswer::new(self.answer(), job.photo);
        let cost = Cost { pixels: sample.pixels(), bytes: sample.bytes(), lane: Lane::Cpu };
        let run = move |context: Context| {
            async move { context.cpu(move |work| work.stage("sample", || sample.draw())).await }
                .boxed()
        };
        Ok(Job { cost, native: Ok(()), run: Box::new(run), ..job })
    }
}

fn prepare<O: Operation>(form: &Form) -> Result<Job> {
    let input = O::Input::read(form)?;
    let memory = O::SPEC.memory;
    let mut cost = Cost {
        pixels: 0,
        bytes: memory.base.saturating_add(O::further_bytes(&input)),
        lane: O::lane(&input),
    };
    let mut photo = None;
    for picture in input.pictures() {
        let header = picture.header();
        photo.get_or_insert((header.width, header.height));
        let pixels = header.pixels();
        let bytes = header.decode_bytes().saturating_add(pixels.saturating_mul(memory.per_pixel));
        cost.pixels = cost.pixels.saturating_add(pixels);
        cost.bytes = cost.bytes.saturating_add(bytes);
    }
    let units = O::units(&input);
    let native = O::native(&input);
    let run = move |context: Context| {
        let context = context.restricted_to(O::NEEDS);
        async move { node(O::run(input, &context).await?) }.boxed()
    };
    Ok(Job { cost, units, photo, generator: None, native, moderation: None, run: Box::new(run) })
}

fn node(output: impl Output) -> Result<Node> {
    output
        .into_node()
        .filter(|node| matches!(node, Node::Object(_)))
        .ok_or_else(|| Fault::new(Code::ServiceInternalError, "the answer is no object"))
}
