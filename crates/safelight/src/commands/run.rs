//! `safelight run`.

pub mod batch;
pub mod delivery;
pub mod inputs;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use clap::Args;
use indicatif::ProgressBar;
use safelight_operation::{Endpoint, Form, LeafKind};

use super::Context;
use super::services::find;
use crate::data::DataFolder;
use crate::engine;
use crate::output::{Output, line, table};
use crate::progress;
use batch::{Batch, Report};
use delivery::Delivery;

const EXAMPLES: &str = "\
Examples:
  safelight run universal-background-removal photos/astronaut.png -o cutout.png
  safelight run universal-background-removal photos -o cutouts
  safelight run universal-background-removal 'photos/**/*.jpg' -p return_form=whiteBK -o cutouts
  safelight run image-contrast-enhancement holiday/*.jpg -o better --json

Pictures are written as <name of the input>.<png or jpg>. Files that exist are kept, and the input
reported as failed, unless --force is given; an input is never overwritten. Bad files are reported
at the end, and the exit code is 1 if there were any. With --json each file yields one line; in its
name, bytes that are no UTF-8 become U+FFFD.";

/// Runs a service on files, without a server and without a key
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// The service, by its path or the last segment of it
    service: String,
    /// Files, folders (the pictures directly in them) or patterns such as 'photos/**/*.jpg'
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// A parameter of the service; a further file as name=@file
    #[arg(short, value_name = "NAME=VALUE")]
    parameter: Vec<Parameter>,
    /// Folder for the results; for a single input also a file
    #[arg(short, long, value_name = "FOLDER or FILE")]
    output: Option<PathBuf>,
    /// Overwrites results that are there
    #[arg(long)]
    force: bool,
}

/// `name=value`, or `name=@file`.
#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    value: String,
}

impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("write it as name=value, e.g. return_form=mask".into()),
        }
    }
}

impl Run {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let loaded = context.load()?;
        crate::logs::start_quietly(&loaded.config.own.log)?;
        let endpoint = find(&self.service)?;
        let form = form(endpoint, &self.parameter)?;
        let field = endpoint.files().next().map(|field| field.name);
        let field = field.ok_or_else(|| anyhow!("{} takes no file", endpoint.spec().path))?;
        let inputs = inputs::expand(&self.inputs)?;
        if let Some(skipped) = inputs.skipped() {
            eprintln!("{skipped}");
        }
        let items = inputs.items;
        if self.output.is_none() && makes_pictures(endpoint) {
            bail!("say where the pictures go: -o <folder>, or -o <file> for a single input");
        }
        let delivery = Delivery::new(self.output.as_deref(), self.force, &items)?;
        let data = DataFolder::new(loaded.data.clone());
        let vision = engine::vision_for(&data, &loaded.config.own.models, endpoint)?;
        let limits = &loaded.config.server.limits;
        let batch = Batch {
            endpoint,
            form,
            field,
            vision,
            delivery,
            workers: limits.worker_count() as usize,
            memory: limits.memory(),
        };
        let listener = Listener::new(context.output, items.len());
        let reports = batch.run(&items, &|report| listener.hear(report));
        listener.end(&reports)
    }
}

/// The form that every input shares. A parameter that the service does not have is refused, and so
/// is a value that it would refuse.
fn form(endpoint: &Endpoint, parameters: &[Parameter]) -> Result<Form> {
    let mut form = Form::new();
    let files: Vec<_> = endpoint.files().skip(1).map(|field| field.name).collect();
    let names: Vec<_> = endpoint.parameters().map(|parameter| parameter.name()).collect();
    for Parameter { name, value } in parameters {
        match value.strip_prefix('@') {
            Some(path) if files.contains(&&**name) => {
                let bytes =
                    std::fs::read(path).with_context(|| format!("{path} cannot be read"))?;
                form.add_file(name, Bytes::from(bytes));
            }
            _ if names.contains(&&**name) => form.add_text(name, value),
            _ => {
                let all: Vec<_> = names.iter().chain(&files).copied().collect();
                let path = endpoint.spec().path;
                bail!("{path} has no parameter `{name}`; it has: {}", all.join(", "));
            }
        }
    }
    for parameter in endpoint.parameters() {
        parameter.check(&form)?;
    }
    Ok(form)
}

fn makes_pictures(endpoint: &Endpoint) -> bool {
    let picture = |kind| matches!(kind, LeafKind::Url | LeafKind::Base64);
    endpoint.answer().leaves().iter().any(|field| picture(field.kind))
}

/// Tells what happens, while it happens and at the end.
struct Listener {
    output: Output,
    bar: ProgressBar,
    chatty: bool,
}

impl Listener {
    fn new(output: Output, files: usize) -> Self {
        let chatty = files == 1 || !io::stderr().is_terminal();
        let bar = if chatty || output.is_json() {
            ProgressBar::hidden()
        } else {
            let template = "{bar:30} {pos}/{len} files, {elapsed} gone, {eta} left {msg}";
            progress::bar(files as u64, template)
        };
        Self { output, bar, chatty }
    }

    fn hear(&self, report: &Report) {
        self.bar.inc(1);
        // A reader that is gone shows again at the end, where it ends the command.
        if self.output.is_json() {
            let _ = line(&serde_json::to_string(report).unwrap_or_default());
        } else if self.chatty && report.failure.is_none() {
            let _ = line(&report.sentence());
        }
    }

    fn end(self, reports: &[Report]) -> Result<ExitCode> {
        self.bar.finish_and_clear();
        let failed: Vec<_> = reports.iter().filter(|report| report.failure.is_some()).collect();
        if !self.output.is_json() {
            if reports.len() > 1 {
                line(&format!("{} done, {} failed", reports.len() - failed.len(), failed.len()))?;
            }
            if !failed.is_empty() {
                let rows: Vec<_> = failed.iter().map(|report| report.cells()).collect();
                eprint!("{}", table(&["file", "code", "message"], &rows));
            }
        }
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
