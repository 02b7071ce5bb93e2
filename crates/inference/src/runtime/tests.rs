use std::io::Write;

use zip::write::SimpleFileOptions;

use super::*;

#[test]
fn names_of_the_library() {
    for name in ["libopenvino_c.so", "libopenvino_c.so.2641", "libopenvino_c.2641.dylib"] {
        assert!(is_library(Path::new(name)), "{name}");
    }
    assert!(is_library(Path::new("openvino_c.dll")));
    for name in ["libopenvino.so", "openvino_c.lib", "libopenvino_cpu.so", "libc.so.6", ""] {
        assert!(!is_library(Path::new(name)), "{name}");
    }
}

#[test]
fn a_configured_path_must_lead_to_a_library() {
    let nowhere = library_at(Path::new("/nowhere/at/all")).expect_err("there is nothing");
    assert!(nowhere.to_string().contains("/nowhere/at/all"), "{nowhere}");
    let here = library_at(Path::new(env!("CARGO_MANIFEST_DIR"))).expect_err("no library here");
    assert!(here.to_string().contains("holds no `openvino_c`"), "{here}");
}

#[test]
fn a_configured_file_or_folder_is_used_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let library = dir.path().join("libopenvino_c.so.9");
    fs::write(&library, "").expect("a file");
    for path in [&library, dir.path()] as [&Path; 2] {
        let places = Places { configured: Some(path), ..Places::fetched(Path::new("/unused")) };
        let found = places.ensure(&mut |_| {}).expect("the library");
        assert_eq!((found.path, found.origin), (library.clone(), Origin::Configured));
    }
}

/// A tiny package, and a pip that "downloads" it and notes each call.
struct Fake {
    dir: tempfile::TempDir,
    wheel: &'static Wheel,
    script: String,
}

impl Fake {
    /// `pip` is a shell script; in it `$DEST` is the folder asked for and `$WHEEL` the package.
    fn new(pip: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let package = dir.path().join("package.whl");
        let mut zip = zip::ZipWriter::new(File::create(&package).expect("a file"));
        for (name, text) in [
            ("openvino/libs/libopenvino_c.so.1", "the library"),
            ("openvino/libs/libother.so", "not for the CPU"),
            ("openvino-1.dist-info/licenses/licensing/third.txt", "their terms"),
        ] {
            zip.start_file(name, SimpleFileOptions::default()).expect("an entry");
            zip.write_all(text.as_bytes()).expect("its text");
        }
        zip.finish().expect("an archive");
        let wheel = Box::leak(Box::new(Wheel {
            os: "",
            arch: "",
            tag: "any",
            sha256: sha256_of(&package).expect("its digest").leak(),
            bytes: package.metadata().expect("its size").len(),
            library: "libopenvino_c.so.1",
            files: &["libopenvino_c.so.1"],
        }));
        let script = dir.path().join("pip.sh");
        let text = format!(
            "echo call >> {0}/calls\nWHEEL={0}/package.whl\n\
             while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && DEST=$2; shift; done\n{pip}\n",
            dir.path().display()
        );
        fs::write(&script, text).expect("a script");
        Self { wheel, script: script.to_string_lossy().into_owned(), dir }
    }

    fn target(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn ensure(&self) -> Result<PathBuf, RuntimeError> {
        let pip: [&[&str]; 2] = [&["no-such-pip"], &["sh", &self.script]];
        Place::new(&self.target(), self.wheel, &pip).ensure(&mut |_| {})
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.dir.path().join("calls")).map_or(0, |text| text.lines().count())
    }

    /// What there is beside the lock.
    fn leftovers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.target()).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.ends_with(".lock")).collect()
    }
}

const COPY: &str = "cp $WHEEL $DEST/openvino.whl";

#[test]
#[cfg(unix)]
fn one_of_many_fetches_and_the_others_wait() {
    let fake = Fake::new(&format!("sleep 0.3; {COPY}"));
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| fake.ensure())).collect();
        for one in all {
            let library = one.join().expect("no panic").expect("the library");
            assert_eq!(fs::read_to_string(&library).expect("its text"), "the library");
        }
    });
    assert_eq!(fake.calls(), 1);
    let home = fake.target().join(format!("openvino-{VERSION}"));
    assert!(home.join("licenses/third.txt").is_file());
    assert!(!home.join("libother.so").exists());
    assert_eq!(fake.leftovers().len(), 1, "{:?}", fake.leftovers());
}

#[test]
#[cfg(unix)]
fn what_a_killed_process_left_is_replaced() {
    let fake = Fake::new(COPY);
    let home = fake.target().join(format!("openvino-{VERSION}"));
    let partial = fake.target().join(format!("openvino-{VERSION}.partial/download"));
    for folder in [&home, &partial] {
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join("libopenvino_c.so.1"), "half").expect("a file");
    }
    let library = fake.ensure().expect("the library");
    assert_eq!(fs::read_to_string(library).expect("its text"), "the library");
    assert_eq!(fake.leftovers().len(), 1, "{:?}", fake.leftovers());
}

#[test]
#[cfg(unix)]
fn failures_are_told_apart_and_leave_nothing() {
    let outcome = |pip: &str| {
        let fake = Fake::new(pip);
        let error = fake.ensure().expect_err("it fails");
        assert!(fake.leftovers().is_empty(), "{:?}", fake.leftovers());
        error
    };
    let other = outcome("echo other > $DEST/openvino.whl");
    assert!(matches!(other, RuntimeError::Digest { .. }), "{other}");
    let offline = outcome("echo 'NewConnectionError: no route' >&2; exit 1");
    assert!(matches!(&offline, RuntimeError::Network { .. }), "{offline}");
    let absent = outcome("echo 'ERROR: No matching distribution found for x' >&2; exit 1");
    assert!(matches!(absent, RuntimeError::NotOffered { .. }), "{absent}");
    let full = outcome("echo 'OSError: [Errno 28] No space left on device' >&2; exit 1");
    assert!(matches!(full, RuntimeError::DiskFull { .. }), "{full}");
    let strange = outcome("echo 'ERROR: the sky fell' >&2; exit 3");
    assert!(strange.to_string().contains("the sky fell"), "{strange}");
    let missing = outcome("echo 'sh: No module named pip' >&2; exit 1");
    assert!(matches!(missing, RuntimeError::NoPip), "{missing}");
    let silent = outcome("exit 0");
    assert!(matches!(silent, RuntimeError::Pip { .. }), "{silent}");
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_made_is_named() {
    let fake = Fake::new(COPY);
    fs::write(fake.target(), "a file in the way").expect("a file");
    let error = fake.ensure().expect_err("there is no folder");
    assert!(matches!(error, RuntimeError::Folder { .. }), "{error}");
    assert!(error.to_string().contains("data"), "{error}");
}
