//! Where results go on disk.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use safelight_contract::{Code, Fault};
use safelight_operation::{Artifact, Node};
use serde_json::Value;

use super::inputs::Item;
use crate::output::folder_of;

/// Writes the pictures of answers into a folder or to one file.
pub struct Delivery {
    target: Target,
    force: bool,
    /// The inputs, which are never overwritten.
    inputs: HashSet<PathBuf>,
}

enum Target {
    /// Nothing is written: the answer goes to the standard output.
    Print,
    File(PathBuf),
    Folder(PathBuf),
}

/// What a delivered answer became.
pub struct Delivered {
    /// The answer, with paths in place of pictures.
    pub answer: Value,
    /// The files that were written.
    pub files: Vec<PathBuf>,
}

impl Delivery {
    /// A name with an extension means a file, unless a folder of that name is there.
    pub fn new(output: Option<&Path>, force: bool, items: &[Item]) -> Result<Self> {
        let target = match output {
            None => Target::Print,
            Some(path) if path.extension().is_some() && !path.is_dir() => {
                if items.len() > 1 {
                    let path = path.display();
                    bail!("{} inputs cannot go to the one file {path}; name a folder", items.len());
                }
                Target::File(path.to_owned())
            }
            Some(path) => {
                fs::create_dir_all(path).with_context(|| {
                    format!("the folder {} cannot be made; choose another", path.display())
                })?;
                Target::Folder(path.to_owned())
            }
        };
        let inputs = items.iter().filter_map(|item| item.path.canonicalize().ok()).collect();
        Ok(Self { target, force, inputs })
    }

    /// Writes an answer's pictures; an answer without any is written as JSON.
    pub fn deliver(&self, node: Node, item: &Item) -> Result<Delivered, Fault> {
        let mut files = Vec::new();
        let answer = as_files(node).into_json(&mut |artifact: Artifact| {
            let path = self.path(item, artifact.format.extension(), files.len())?;
            self.write(&path, &artifact.bytes)?;
            files.push(path.clone());
            Ok::<_, Fault>(path.display().to_string())
        })?;
        if files.is_empty() && !matches!(self.target, Target::Print) {
            let path = self.path(item, "json", 0)?;
            self.write(&path, format!("{answer:#}\n").as_bytes())?;
            files.push(path);
        }
        Ok(Delivered { answer, files })
    }

    /// The path of an item's picture number `index`.
    fn path(&self, item: &Item, extension: &str, index: usize) -> Result<PathBuf, Fault> {
        let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
        match &self.target {
            Target::Print => Err(refusal("the answer holds a picture; say where it goes with -o")),
            Target::Folder(folder) => Ok(folder.join(format!("{}{number}.{extension}", item.stem))),
            Target::File(path) => {
                let given = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
                let given = if given == "jpeg" { "jpg" } else { &given };
                if given != extension {
                    let better = path.with_extension(extension);
                    let better = better.display();
                    return Err(refusal(format!("the result is a {extension}: use -o {better}")));
                }
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                Ok(path.with_file_name(format!("{stem}{number}.{}", path_extension(path))))
            }
        }
    }

    /// Writes a file whole or not at all.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        if path.canonicalize().is_ok_and(|path| self.inputs.contains(&path)) {
            return Err(refusal(format!(
                "{} is an input, which is never overwritten; choose another -o",
                path.display()
            )));
        }
        let folder = folder_of(path);
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut builder = tempfile::Builder::new();
            builder.prefix(".safelight-");
            // Temporary files are private; results get the permissions of any new file, less the umask.
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let mut file = builder.tempfile_in(folder)?;
            file.write_all(bytes)?;
            if self.force {
                file.persist(path)?
            } else {
                file.persist_noclobber(path)?
            };
            Ok(())
        };
        write().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => refusal(format!(
                "{} exists; remove it, or overwrite it with --force",
                path.display()
            )),
            _ => refusal(format!("{} cannot be written: {error}", path.display())),
        })
    }
}

fn path_extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().into_owned()
}

fn refusal(message: impl Into<String>) -> Fault {
    Fault::new(Code::FileServiceError, message)
}

/// On disk, Base64 pictures are files like the others.
fn as_files(node: Node) -> Node {
    match node {
        Node::Base64(artifact) => Node::Url(artifact),
        Node::Object(fields) => {
            Node::Object(fields.into_iter().map(|(name, node)| (name, as_files(node))).collect())
        }
        Node::List(nodes) => Node::List(nodes.into_iter().map(as_files).collect()),
        node => node,
    }
}

#[cfg(test)]
mod tests {
    use safelight_imaging::Format;

    use super::*;

    fn picture() -> Node {
        let artifact = Artifact::picture(vec![1, 2, 3], Format::Png);
        Node::Object(vec![("image", Node::Base64(artifact))])
    }

    fn item(path: &Path) -> Item {
        Item { path: path.to_owned(), stem: "photo".into() }
    }

    #[test]
    fn results_are_named_after_the_input_and_kept() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let item = item(Path::new("photo.jpg"));
        let items = std::slice::from_ref(&item);
        let delivery = Delivery::new(Some(folder.path()), false, items)?;
        let delivered = delivery.deliver(picture(), &item)?;
        assert_eq!(delivered.files, [folder.path().join("photo.png")]);
        assert_eq!(delivered.answer["image"], delivered.files[0].display().to_string());
        let again = delivery.deliver(picture(), &item).err().expect("exists");
        assert!(again.message().contains("--force"), "{again}");
        let force = Delivery::new(Some(folder.path()), true, items)?;
        assert!(force.deliver(picture(), &item).is_ok());
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn results_have_the_permissions_of_any_new_file() -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir()?;
        let item = item(Path::new("photo.jpg"));
        let delivery = Delivery::new(Some(folder.path()), false, std::slice::from_ref(&item))?;
        let result = delivery.deliver(picture(), &item)?.files.remove(0);
        let other = folder.path().join("other");
        fs::write(&other, "x")?;
        let mode = |path: &Path| fs::metadata(path).map(|data| data.permissions().mode());
        assert_eq!(mode(&result)?, mode(&other)?);
        Ok(())
    }

    #[test]
    fn an_input_is_never_overwritten() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let input = folder.path().join("photo.png");
        std::fs::write(&input, "mine")?;
        let item = item(&input);
        let delivery = Delivery::new(Some(folder.path()), true, std::slice::from_ref(&item))?;
        let fault = delivery.deliver(picture(), &item).err().expect("refused");
        assert!(fault.message().contains("input"), "{fault}");
        assert_eq!(std::fs::read(&input)?, b"mine");
        Ok(())
    }

    #[test]
    fn a_file_has_to_fit_what_is_written() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let item = item(Path::new("photo.jpg"));
        let items = [item.clone(), item.clone()];
        let path = folder.path().join("out.jpg");
        assert!(Delivery::new(Some(&path), false, &items).is_err(), "two inputs, one file");
        let delivery = Delivery::new(Some(&path), false, &items[..1])?;
        let fault = delivery.deliver(picture(), &item).err().expect("refused");
        assert!(fault.message().contains("out.png"), "{fault}");
        Ok(())
    }
}
