//! Which files are meant, and how their results are called.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Extensions of the files that a folder contributes.
const PICTURES: [&str; 5] = ["bmp", "jpeg", "jpg", "png", "webp"];

/// A file to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub path: PathBuf,
    /// Name of its results, without extension.
    pub stem: String,
}

/// The files that arguments mean.
pub struct Inputs {
    /// The files to work on, each once.
    pub items: Vec<Item>,
    skipped: Skipped,
}

impl Inputs {
    /// What was skipped in folders, for people: "skipped 2 .heic, 1 .txt"; `None` where nothing was.
    pub fn skipped(&self) -> Option<String> {
        let counts: Vec<_> =
            self.skipped.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        (!counts.is_empty()).then(|| {
            let known = PICTURES.join(", ");
            format!("skipped {}: folders contribute {known}", counts.join(", "))
        })
    }
}

/// How many files were skipped, by extension.
type Skipped = BTreeMap<String, usize>;

/// The files that the arguments mean. A file that does not exist stays in the list, to be reported
/// with the others; a folder or pattern without a file is refused.
pub fn expand(arguments: &[PathBuf]) -> Result<Inputs> {
    let (mut paths, mut skipped) = (Vec::new(), Skipped::new());
    for argument in arguments {
        if argument.is_dir() {
            paths.extend(pictures(argument, &mut skipped)?);
        } else if argument.exists() {
            paths.push(argument.clone());
        } else {
            paths.extend(matches(argument)?);
        }
    }
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(Inputs { items: name(paths), skipped })
}

/// The pictures directly in a folder, by name; other files are counted unless they are hidden.
fn pictures(folder: &Path, skipped: &mut Skipped) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        let extension = text(path.extension()).to_lowercase();
        let known = PICTURES.contains(&&*extension);
        let hidden = text(path.file_name()).starts_with('.');
        if path.is_file() && !known && !hidden {
            let kind = if path.extension().is_some() {
                format!(".{extension}")
            } else {
                "without extension".into()
            };
            *skipped.entry(kind).or_default() += 1;
        }
        path.is_file() && known
    });
    paths.sort();
    if paths.is_empty() {
        let (folder, known) = (folder.display(), PICTURES.join(", "));
        bail!("the folder {folder} holds no picture ({known})");
    }
    Ok(paths)
}

/// The files that a pattern matches; what is no pattern means itself.
fn matches(argument: &Path) -> Result<Vec<PathBuf>> {
    let Some(pattern) = argument.to_str().filter(|text| text.contains(['*', '?', '['])) else {
        return Ok(vec![argument.to_owned()]);
    };
    let found = glob::glob(pattern).with_context(|| format!("`{pattern}` is no pattern"))?;
    let paths: Vec<_> = found.flatten().filter(|path| path.is_file()).collect();
    if paths.is_empty() {
        bail!("`{pattern}` matches no file");
    }
    Ok(paths)
}

/// Names results after the input; inputs that share a stem keep their extension in it, those that
/// share the whole name get a number.
fn name(paths: Vec<PathBuf>) -> Vec<Item> {
    let mut stems = HashMap::<String, usize>::new();
    for path in &paths {
        *stems.entry(text(path.file_stem())).or_default() += 1;
    }
    let mut taken = HashSet::new();
    let mut items = Vec::with_capacity(paths.len());
    for path in paths {
        let stem = text(path.file_stem());
        let wanted = if stems[&stem] > 1 { text(path.file_name()) } else { stem };
        let mut stem = wanted.clone();
        let mut number = 2;
        while !taken.insert(stem.clone()) {
            stem = format!("{wanted}-{number}");
            number += 1;
        }
        items.push(Item { path, stem });
    }
    items
}

fn text(part: Option<&OsStr>) -> String {
    part.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_patterns_and_files() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for name in ["b.PNG", "a.jpg", "notes.txt"] {
            std::fs::write(folder.path().join(name), "x")?;
        }
        let stems = |arguments: &[PathBuf]| -> Result<Vec<String>> {
            Ok(expand(arguments)?.items.into_iter().map(|item| item.stem).collect())
        };
        let everything = folder.path().to_owned();
        assert_eq!(stems(std::slice::from_ref(&everything))?, ["a", "b"]);
        assert_eq!(stems(&[folder.path().join("*.txt")])?, ["notes"]);
        assert_eq!(stems(&[everything, folder.path().join("a.jpg")])?, ["a", "b"], "each once");
        assert_eq!(stems(&[folder.path().join("missing.jpg")])?, ["missing"], "reported later");
        assert!(stems(&[folder.path().join("*.gif")]).is_err());
        Ok(())
    }

    #[test]
    fn what_a_folder_holds_besides_is_counted() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for name in ["a.jpg", "b.HEIC", "c.heic", "notes", ".hidden"] {
            std::fs::write(folder.path().join(name), "x")?;
        }
        std::fs::create_dir(folder.path().join("more.gif"))?;
        let inputs = expand(&[folder.path().to_owned()])?;
        let skipped = inputs.skipped().unwrap_or_default();
        assert!(skipped.starts_with("skipped 2 .heic, 1 without extension: "), "{skipped}");
        assert!(expand(&[folder.path().join("a.jpg")])?.skipped().is_none());
        Ok(())
    }

    #[test]
    fn results_never_share_a_name() {
        let paths = ["x/a.jpg", "x/a.png", "y/a.png", "b.png"].map(PathBuf::from).into();
        let stems: Vec<_> = name(paths).into_iter().map(|item| item.stem).collect();
        assert_eq!(stems, ["a.jpg", "a.png", "a.png-2", "b"]);
    }
}
