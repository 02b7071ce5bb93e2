//! `safelight gallery`.

mod page;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use clap::Args;
use indicatif::ProgressBar;
use safelight_contract::{Code, Edition};
use safelight_imaging::probe;
use safelight_operation::{Endpoint, Form, Sample, sample_mask, samples};
use safelight_services::CATALOG;
use safelight_vision::Vision;
use serde::Serialize;

use super::Context;
use super::run::batch::{Batch, Report};
use super::run::delivery::Delivery;
use super::run::inputs::{self, Item};
use super::services::find;
use crate::data::DataFolder;
use crate::engine;
use crate::output::line;
use crate::progress;

const EXAMPLES: &str = "\
Examples:
  safelight gallery photos -o gallery
  safelight gallery holiday/*.jpg -o gallery --service image-defogging --service image-cropping

Writes <folder>/index.html, with every result beside its photo, the time it took, or why it was
refused. Choices of a service are shown one after the other. A service that takes two pictures gets
the next photo as the second. The exit code is 1 where something failed that no photo is to blame
for.";

/// Shows what every service makes of your photos, on one page
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Gallery {
    /// Files, folders (the pictures directly in them) or patterns such as 'photos/**/*.jpg'
    #[arg(required = true)]
    photos: Vec<PathBuf>,
    /// Folder for the page and the results; made anew, so it must be empty or a gallery
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// Only this service, by its path or the last segment of it; may be repeated
    #[arg(long, value_name = "SERVICE")]
    service: Vec<String>,
}

/// What one service made of all photos with one set of values.
#[derive(Serialize)]
pub struct Strip {
    /// Path of the service.
    pub service: &'static str,
    /// The values that are special, `name=value`; empty for the service as it is.
    pub sample: String,
    /// One report for each photo, in the order of the photos.
    pub reports: Vec<Report>,
}

impl Gallery {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let loaded = context.load()?;
        crate::logs::start_quietly(&loaded.config.own.log)?;
        let endpoints = self.endpoints()?;
        let inputs = inputs::expand(&self.photos)?;
        if let Some(skipped) = inputs.skipped() {
            eprintln!("{skipped}");
        }
        let items = inputs.items;
        prepare(&self.output, &items)?;
        let photos = copy(&items, &self.output)?;
        let data = DataFolder::new(loaded.data.clone());
        let registry = Arc::new(engine::start(&data, &loaded.config.own.models)?);
        let limits = &loaded.config.server.limits;
        let (workers, memory) = (limits.worker_count() as usize, limits.memory());
        let mut strips = Vec::new();
        let plan: Vec<_> = endpoints
            .into_iter()
            .filter(|endpoint| engine::why_not(&registry, endpoint).is_none())
            .flat_map(|endpoint| samples(endpoint).into_iter().map(move |s| (endpoint, s)))
            .collect();
        let bar = match context.output.is_json() {
            true => ProgressBar::hidden(),
            false => {
                let template = "{bar:30} {pos}/{len} results, {elapsed} gone, {eta} left";
                progress::bar((plan.len() * items.len()) as u64, template)
            }
        };
        for (endpoint, sample) in plan {
            let vision = Vision::new(registry.clone());
            let reports =
                strip(endpoint, &sample, &items, &self.output, (vision, workers, memory), &bar)?;
            strips.push(Strip { service: endpoint.spec().path, sample: sample.label, reports });
        }
        bar.finish_and_clear();
        fs::write(self.output.join(PAGE), page::render(&photos, &strips).into_string())
            .with_context(|| format!("{} cannot be written", self.output.join(PAGE).display()))?;
        tell(context, &strips, &self.output)
    }

    /// The services that were asked for, or all.
    fn endpoints(&self) -> Result<Vec<&'static Endpoint>> {
        match self.service.is_empty() {
            true => Ok(CATALOG.iter().collect()),
            false => self.service.iter().map(|name| find(name)).collect(),
        }
    }
}

const PAGE: &str = "index.html";
/// Marks a folder that this command made and may remove.
const MARKER: &str = ".safelight-gallery";
/// The folder of the photos, beside one folder for each service.
const PHOTOS: &str = "photos";

/// Makes the folder; what an earlier run left in it goes. Any other folder stays and is refused, and so
/// is one that holds an input.
fn prepare(folder: &Path, items: &[Item]) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    let entries = entries.with_context(|| format!("{} cannot be read", folder.display()))?;
    if !entries.is_empty() {
        if !folder.join(MARKER).is_file() {
            bail!(
                "{} is neither empty nor a gallery, which has a file {MARKER}; choose another -o",
                folder.display()
            );
        }
        if let Some(input) = items.iter().find(|item| lies_in(&item.path, folder)) {
            bail!(
                "the photo {} lies in {}, which is made anew; choose another -o",
                input.path.display(),
                folder.display()
            );
        }
        clear(entries)
            .with_context(|| format!("the old gallery {} cannot be removed", folder.display()))?;
    }
    fs::create_dir_all(folder)
        // First the marker, so that a run that was cut off can be repeated.
        .and_then(|()| fs::write(folder.join(MARKER), "Made by `safelight gallery`.\n"))
        .and_then(|()| fs::create_dir_all(folder.join(PHOTOS)))
        .with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// Whether a file, or the link to it, is in a folder.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    [path.canonicalize().ok(), parent].into_iter().flatten().any(|path| path.starts_with(&folder))
}

/// Removes all but the marker.
fn clear(entries: Vec<fs::DirEntry>) -> io::Result<()> {
    for entry in entries.into_iter().filter(|entry| entry.file_name() != MARKER) {
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// Copies the photos beside the page, so that the folder can be moved; answers their paths in it.
fn copy(items: &[Item], folder: &Path) -> Result<Vec<PathBuf>> {
    let copy = |item: &Item| {
        let extension = item.path.extension().unwrap_or_default().to_string_lossy();
        let name = Path::new(PHOTOS).join(format!("{}.{extension}", item.stem));
        fs::copy(&item.path, folder.join(&name))
            .with_context(|| format!("{} cannot be copied", item.path.display()))?;
        Ok(name)
    };
    items.iter().map(copy).collect()
}

/// One service with one set of values over all photos. Paths in the reports are relative to the
/// page.
fn strip(
    endpoint: &'static Endpoint,
    sample: &Sample,
    items: &[Item],
    output: &Path,
    (vision, workers, memory): (Vision, usize, u64),
    bar: &ProgressBar,
) -> Result<Vec<Report>> {
    let name = endpoint.spec().slug();
    let folder = match sample.label.as_str() {
        "" => Path::new(name).to_owned(),
        label => Path::new(name).join(label),
    };
    let Some(first) = endpoint.files().next() else { return Ok(vec![]) };
    let mut form = Form::new();
    sample.values.iter().for_each(|(name, value)| form.add_text(*name, value));
    let mut reports = Vec::with_capacity(items.len());
    let mut run = |form: Form, items: &[Item]| -> Result<()> {
        let delivery = Delivery::new(Some(&output.join(&folder)), true, items)?;
        let vision = vision.clone();
        let batch = Batch { endpoint, form, field: first.name, vision, delivery, workers, memory };
        reports.extend(batch.run(items, &|_| bar.inc(1)));
        Ok(())
    };
    let others: Vec<_> = endpoint.files().skip(1).filter(|file| file.is_required()).collect();
    if others.is_empty() {
        run(form, items)?;
    } else {
        for (index, item) in items.iter().enumerate() {
            let mut form = form.clone();
            for (step, file) in others.iter().enumerate() {
                let bytes = match file.mask_of {
                    Some(_) => match probe(&read(&item.path)?) {
                        Ok(header) => sample_mask(header.width, header.height)
                            .map_err(|fault| anyhow!("{}: {fault}", item.path.display()))?,
                        // The service says what is wrong with the photo.
                        Err(_) => Vec::new(),
                    },
                    None => read(&items[(index + 1 + step) % items.len()].path)?,
                };
                form.add_file(file.name, Bytes::from(bytes));
            }
            run(form, std::slice::from_ref(item))?;
        }
    }
    for path in reports.iter_mut().flat_map(|report| &mut report.outputs) {
        *path = path.strip_prefix(output).map_or(path.clone(), Path::to_owned);
    }
    Ok(reports)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Whether a failure is no photo's fault.
fn is_ours(report: &Report) -> bool {
    let code = report.failure.as_ref().and_then(|failure| failure.code.parse::<Code>().ok());
    code.is_some_and(|code| code.status(Edition::default()) >= 500)
}

fn tell(context: &Context, strips: &[Strip], folder: &Path) -> Result<ExitCode> {
    let reports = || strips.iter().flat_map(|strip| &strip.reports);
    let (all, refused) = (reports().count(), reports().filter(|r| r.failure.is_some()).count());
    let broken = reports().filter(|report| is_ours(report)).count();
    if context.output.is_json() {
        context.output.json(strips)?;
    } else {
        let page = folder.join(PAGE);
        let done = all - refused;
        line(&format!("{done} results, {refused} refused or failed: {}", page.display()))?;
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_folder_or_a_gallery_is_used() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let output = folder.path().join("gallery");
        prepare(&output, &[])?;
        // An interrupted run has no page yet.
        fs::write(output.join(PHOTOS).join("old.png"), "old")?;
        prepare(&output, &[])?;
        assert_eq!(fs::read_dir(output.join(PHOTOS))?.count(), 0);
        fs::write(output.join(PAGE), "old")?;
        prepare(&output, &[])?;
        assert!(!output.join(PAGE).exists());
        let site = folder.path().join("site");
        fs::create_dir_all(site.join(PHOTOS))?;
        fs::write(site.join(PAGE), "mine")?;
        assert!(prepare(&site, &[]).is_err());
        assert!(site.join(PAGE).exists());
        Ok(())
    }

    #[test]
    fn a_gallery_that_holds_an_input_stays() -> Result<()> {
        let folder = tempfile::tempdir()?;
        prepare(folder.path(), &[])?;
        let path = folder.path().join(PHOTOS).join("mine.png");
        fs::write(&path, "mine")?;
        let item = Item { path: path.clone(), stem: "mine".into() };
        let why = prepare(folder.path(), &[item]).expect_err("refused").to_string();
        assert!(why.contains("mine.png"), "{why}");
        assert!(path.exists());
        Ok(())
    }
}
