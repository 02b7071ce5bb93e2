use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Home, workspace};

/// Sends messages, one a line, and answers the results in their order.
fn converse(home: &Home, messages: &[Value]) -> Vec<Value> {
    let mut command = home.command(&["mcp", "--set", "twin=true"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("piped");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut results = Vec::new();
    for message in messages {
        writeln!(input, "{message}").expect("it reads");
        while message["id"].is_number() {
            let line = lines.next().expect("an answer").expect("text");
            let answer: Value = serde_json::from_str(&line).expect("JSON alone");
            if answer["id"] == message["id"] {
                results.push(answer["result"].clone());
                break;
            }
        }
    }
    // The end of the input ends the command.
    drop(input);
    assert!(child.wait().expect("it ends").success());
    results
}

#[cfg(unix)]
#[test]
fn nothing_stays_where_it_is_told_to_stop() {
    let home = Home::new();
    let temporary = home.path("tmp");
    std::fs::create_dir(&temporary).expect("a folder");
    let mut command = home.command(&["mcp", "--set", "twin=true"]);
    command.env("TMPDIR", &temporary).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("piped");
    let start = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" },
    } });
    writeln!(input, "{start}").expect("it reads");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("an answer");
    let count = || std::fs::read_dir(&temporary).expect("a folder").count();
    assert_eq!(count(), 1, "{line}");
    let status =
        std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
    assert!(child.wait().expect("it ends").success());
    assert_eq!(count(), 0);
}

#[test]
fn files_of_the_user_are_read_and_written() {
    let home = Home::new();
    let folder = home.path("pictures");
    std::fs::create_dir(&folder).expect("a folder");
    let run = |id: u32, service: &str| {
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
            "name": "run_service",
            "arguments": {
                "service": service,
                "parameters": { "image_path": workspace().join("photos/astronaut.png") },
                "output_folder": folder,
            },
        } })
    };
    let results = converse(
        &home,
        &[
            json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": { "name": "test", "version": "1" },
            } }),
            json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
            run(2, "universal-background-removal"),
            // One that answers with a task.
            run(3, "hd-universal-background-removal"),
        ],
    );
    assert_eq!(results[0]["serverInfo"]["name"], "safelight");
    for result in &results[1..] {
        assert_eq!(result["isError"], false, "{result}");
        let path = result["structuredContent"]["data"]["image_url"].as_str().expect("a path");
        let bytes = std::fs::read(path).expect("a picture");
        let header = safelight_imaging::probe(&bytes).expect("a picture");
        assert_eq!((header.width, header.height), (512, 512));
    }
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 2);
    assert!(!home.data().exists(), "nothing is kept");
}
