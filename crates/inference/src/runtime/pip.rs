//! Lets pip download the archive, and tells how far it is.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::wheel::{PACKAGE, VERSION, Wheel};

/// Why pip gave nothing.
#[derive(Debug)]
pub(super) enum Error {
    /// There is no pip.
    NoPip,
    /// No room.
    DiskFull,
    /// The index was not reached.
    Network(String),
    /// The index has no such archive.
    NotOffered,
    /// Anything else that pip reports.
    Failed(String),
    /// Something other than pip.
    Io(io::Error),
}

/// The ways to call pip, the surest first.
pub(super) const COMMANDS: &[&[&str]] = &[
    &["python3", "-m", "pip"],
    &["python", "-m", "pip"],
    &["py", "-m", "pip"],
    &["pip3"],
    &["pip"],
];

/// Without a byte for this long, pip is given up.
const STALLED: Duration = Duration::from_secs(300);

/// Downloads the archive into `folder` with the first of the `commands` that there is, and gives its
/// path; `report` gets the bytes so far.
pub(super) fn download(
    commands: &[&[&str]],
    wheel: &Wheel,
    folder: &Path,
    report: &mut dyn FnMut(u64),
) -> Result<PathBuf, Error> {
    for command in commands {
        match attempt(command, wheel, folder, report) {
            Err(Error::NoPip) => {}
            outcome => return outcome,
        }
    }
    Err(Error::NoPip)
}

fn attempt(
    command: &[&str],
    wheel: &Wheel,
    folder: &Path,
    report: &mut dyn FnMut(u64),
) -> Result<PathBuf, Error> {
    let mut child = match start(command, wheel, folder) {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoPip),
        Err(error) => return Err(Error::Io(error)),
    };
    let output = child.stderr.take().map(|stderr| thread::spawn(move || tail_of(stderr)));
    let finished = watch(&mut child, folder, report);
    if finished.is_err() {
        // Both fail only if pip has ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
    let output = output.and_then(|reader| reader.join().ok()).unwrap_or_default();
    if finished? {
        return wheel_in(folder).ok_or_else(|| {
            Error::Failed("it reports success but left no wheel in its folder".into())
        });
    }
    Err(explain(&output))
}

fn start(command: &[&str], wheel: &Wheel, folder: &Path) -> io::Result<Child> {
    let mut pip = Command::new(command[0]);
    pip.args(&command[1..])
        .arg("download")
        .arg(format!("{PACKAGE}=={VERSION}"))
        .args(["--no-deps", "--only-binary=:all:", "--platform", wheel.tag])
        .args(["--python-version", "311", "--implementation", "cp", "--abi", "cp311"])
        .args(["--progress-bar", "off", "--no-input", "--disable-pip-version-check"])
        .args(["--dest".as_ref(), folder.as_os_str()]);
    // pip downloads into the temporary folder first: there the file can be seen growing, and it is
    // removed with ours.
    for variable in ["TMPDIR", "TEMP", "TMP"] {
        pip.env(variable, folder);
    }
    pip.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
}

/// Waits for pip and reports the bytes; whether it succeeded. Fails when nothing moves any more.
fn watch(child: &mut Child, folder: &Path, report: &mut dyn FnMut(u64)) -> Result<bool, Error> {
    let (mut most, mut moved) = (0, Instant::now());
    loop {
        let bytes = largest_file(folder);
        if bytes > most {
            (most, moved) = (bytes, Instant::now());
            report(bytes);
        }
        if let Some(status) = child.try_wait().map_err(Error::Io)? {
            return Ok(status.success());
        }
        if moved.elapsed() > STALLED {
            let waited = STALLED.as_secs();
            return Err(Error::Network(format!("nothing arrived for {waited} s")));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Size of the largest file under a folder, which is the archive once it is on its way.
fn largest_file(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => largest_file(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).max().unwrap_or(0)
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let paths = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    paths.into_iter().find(|path| path.extension() == Some(OsStr::new("whl")))
}

/// The last few kilobytes of pip's messages.
fn tail_of(mut from: impl Read) -> String {
    const KEPT: usize = 16 << 10;
    let (mut kept, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = from.read(&mut piece) {
        kept.extend_from_slice(&piece[..count]);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// What pip's messages mean.
fn explain(output: &str) -> Error {
    const UNREACHED: [&str; 9] = [
        "NewConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "SSLError",
        "Max retries exceeded",
        "Connection broken",
        "Network is unreachable",
        "name resolution",
    ];
    let has = |words: &str| output.contains(words);
    if has("No module named pip") || has("No module named 'pip'") {
        return Error::NoPip;
    }
    if has("No space left on device") || has("Disk quota exceeded") {
        return Error::DiskFull;
    }
    let line = |wanted: &dyn Fn(&str) -> bool| {
        output.lines().rev().map(str::trim).find(|line| wanted(line)).map(shortened)
    };
    if let Some(detail) = line(&|line| UNREACHED.iter().any(|words| line.contains(words))) {
        return Error::Network(detail);
    }
    if let Some(detail) = line(&|line| line.contains("HTTP error")) {
        return Error::Network(detail);
    }
    if has("No matching distribution found") {
        return Error::NotOffered;
    }
    let detail = line(&|line| line.starts_with("ERROR")).or_else(|| line(&|line| !line.is_empty()));
    Error::Failed(detail.unwrap_or_else(|| "it says nothing".into()))
}

fn shortened(line: &str) -> String {
    const LONGEST: usize = 300;
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pip_s_messages_are_understood() {
        let offline = "WARNING: Retrying (Retry(total=0)) after connection broken by \
            'NewConnectionError(...): Failed to establish a new connection'\n\
            ERROR: Could not find a version that satisfies the requirement openvino\n\
            ERROR: No matching distribution found for openvino";
        assert!(matches!(explain(offline), Error::Network(detail) if detail.contains("Retrying")));
        let absent = "ERROR: Could not find a version that satisfies the requirement\n\
            ERROR: No matching distribution found for openvino==2026.4.1";
        assert!(matches!(explain(absent), Error::NotOffered));
        assert!(matches!(explain("/usr/bin/python3: No module named pip"), Error::NoPip));
        let full = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device";
        assert!(matches!(explain(full), Error::DiskFull));
        let other = "Looking\nERROR: the sky fell\nnote: see above";
        assert!(matches!(explain(other), Error::Failed(detail) if detail == "ERROR: the sky fell"));
        assert!(matches!(explain(""), Error::Failed(_)));
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(shortened(&"é".repeat(400)).chars().count(), 301);
        assert_eq!(shortened("short"), "short");
    }

    #[test]
    fn only_the_end_of_long_output_is_kept() {
        let text = "x".repeat(100_000) + "end";
        let tail = tail_of(text.as_bytes());
        assert!(tail.len() <= 16 << 10 && tail.ends_with("end"));
    }
}
