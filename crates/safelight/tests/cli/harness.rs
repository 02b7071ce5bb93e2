//! Starts the binary on temporary folders.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for a server to start: far more than the slowest machine needs.
const PATIENCE: Duration = Duration::from_secs(600);

/// A machine where nothing is installed yet.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        safelight_testkit::prepare_http();
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The binary with these arguments; nothing of the machine's own settings reaches it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_safelight"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SAFELIGHT_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).current_dir(workspace()).env("SAFELIGHT_DATA", self.data());
        command
    }

    /// The same, with the inference library that tests share, and with time for slow machines.
    pub fn with_library(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.env("SAFELIGHT_MODELS__LIBRARY", safelight_testkit::runtime());
        command.env("SAFELIGHT_LIMITS__WORK_TIMEOUT_SECONDS", "3600");
        command
    }

    /// Runs to the end, must succeed; answers what was printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        ok(&mut self.command(arguments))
    }

    /// The same, as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Runs to the end, must fail; answers the error.
    pub fn fails(&self, arguments: &[&str]) -> String {
        fails(&mut self.command(arguments))
    }

    /// An installation without engine, ready for account commands; answers its first key.
    pub fn install(&self) -> String {
        let command = self.command(&["serve", "--without-engine", "--listen", "127.0.0.1:0"]);
        let server = Server::start(command);
        server.key().expect("the first start shows a key")
    }
}

pub fn workspace() -> &'static Path {
    safelight_testkit::workspace()
}

pub fn ok(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the binary runs");
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("text")
}

/// Errors are one sentence on the standard error output, and the exit code says so.
pub fn fails(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().expect("the binary runs");
    let stderr = String::from_utf8(stderr).expect("text");
    assert!(!status.success(), "{command:?} should fail");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    log: Option<JoinHandle<String>>,
    /// What it printed until it was ready.
    pub greeting: String,
}

impl Server {
    pub fn start(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut stderr = child.stderr.take().expect("piped");
        // Read to the end, so that the server never waits for a reader.
        let log = thread::spawn(move || {
            let mut log = String::new();
            let _ = stderr.read_to_string(&mut log);
            log
        });
        let (send, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).all(|l| send.send(l).is_ok()));
        let mut greeting = String::new();
        loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    greeting += &format!("{line}\n");
                    if line.starts_with("Safelight is ready at ") {
                        return Self { child, log: Some(log), greeting };
                    }
                }
                Err(_) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    panic!("no readiness: {greeting}{}", log.join().unwrap_or_default());
                }
            }
        }
    }

    /// The key in the greeting of a first start.
    pub fn key(&self) -> Option<String> {
        let line = self.greeting.lines().find(|line| line.trim().starts_with("sl_"));
        line.map(|line| line.trim().to_owned())
    }

    /// Ends it and answers what it wrote to the standard error output.
    pub fn log(mut self) -> String {
        let _ = self.child.kill();
        self.log.take().expect("read once").join().expect("the reader ends")
    }

    /// Asks it to stop, as a service manager does; answers whether it ended well.
    #[cfg(unix)]
    pub fn terminate(mut self) -> bool {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
