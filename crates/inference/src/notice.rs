//! The text of NOTICE: whose work the program builds on, and on whose terms.

use std::fmt::Write;

use crate::manifest::{DataTerms, Manifest, ModelSpec};
use crate::runtime::VERSION;

/// The whole text. `photos` is the table of `photos/ORIGIN.md`.
pub fn render(manifest: &Manifest, photos: &str) -> String {
    let mut text = String::from(HEAD);
    text.push_str("\nModels\n======\n");
    text.push_str("\nThe folder models/ holds neural networks of others, converted from published packages.\n");
    for model in &manifest.models {
        text.push('\n');
        text.push_str(&of_model(model));
    }
    let _ = write!(
        text,
        "\nInference library\n=================\n\n\
         OpenVINO {VERSION}, Copyright Intel Corporation, Apache-2.0, with oneDNN, oneTBB and hwloc\n\
         under their own terms. It is not part of this repository: it is fetched from the Python\n\
         package openvino {VERSION} and keeps its licence texts beside it, in the folder licenses.\n"
    );
    text.push_str("\nPhotos\n======\n\n");
    for row in photos.lines().skip_while(|line| !line.starts_with("|---")).skip(1) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        if let [file, what, terms] = cells[..] {
            let _ = writeln!(text, "photos/{file}: {what}. {terms}.");
        }
    }
    text
}

const HEAD: &str = "\
Safelight
=========

Safelight itself is licensed under MIT or Apache-2.0, at your choice. It builds on the work of
others, named here. Rust packages carry their licences with them; Cargo.lock lists them. One of
them, jpeg-encoder, asks to be named: this software is based in part on the work of the Independent
JPEG Group.
";

fn of_model(model: &ModelSpec) -> String {
    let ModelSpec { name, file, author, licence, origin, training, .. } = model;
    let mut text = format!(
        "{name} ({file})\n  By {author}.\n  Licence of the weights: {licence}.\n  \
         Taken from {} {}, {}.\n  Training data: {}",
        origin.package, origin.version, origin.path, training.data
    );
    text.push_str(match training.terms {
        DataTerms::Open => ", whose terms allow any use.",
        DataTerms::Unstated => ", without stated terms.",
        DataTerms::NonCommercial => ", whose terms allow NON-COMMERCIAL USE ONLY.",
    });
    for remark in [&training.note, &model.notice].into_iter().flatten() {
        let _ = write!(text, "\n  {remark}");
    }
    text.push('\n');
    text
}
