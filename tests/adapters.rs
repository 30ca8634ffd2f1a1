//! The adapters beside the library, as far as what they are written in is here: a runtime, and the library for which they are.
//!
//! No library is stood in for: what an adapter gets wrong is how the library behaves, and a stand-in would behave as the
//! adapter has it. What is missing is said in a line; `adapters/prove` installs it, and from then on it is tried here.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::replay::{Folder, replay, stderr, stdout};

/// What every library here gives whatever way the bytes are cut.
const EASY: [&str; 4] = [
    "fixtures/alignment/torn-mask.toml",
    "fixtures/alignment/torn-code-point.toml",
    "fixtures/messages/code-point-across-fragments.toml",
    "fixtures/close/clean-by-client.toml",
];

const FEW: [&str; 2] = ["--segmentation", "original,one-byte,seed:1"];

/// What `adapters/prove` has installed and built.
fn proof() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("prove")
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("adapters")
        .join(name)
}

/// Those whose names end in this way.
fn sources(end: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(source("")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let mut found: Vec<_> = files
        .filter(|file| file.to_str().unwrap().ends_with(end))
        .collect();
    found.sort();
    found
}

fn skip(test: &str, what: &str) {
    // past the test harness, which keeps what is printed
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: needs {what}");
}

fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    quiet
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A Python that has a library, as these arguments find out: of the version for which it is.
fn python(finds_out: &[&str]) -> Option<String> {
    let own = proof().join("venv/bin/python");
    ["python3", own.to_str().unwrap()]
        .into_iter()
        .find(|python| works(Command::new(python).args(finds_out)))
        .map(str::to_owned)
}

/// How to run what needs `ws`.
fn node() -> Option<String> {
    let modules = proof().join("node/node_modules");
    let has_it = |path: &str| {
        let mut node = Command::new("node");
        node.args(["-e", "require('ws')"]).current_dir("/");
        works(node.env("NODE_PATH", path))
    };
    let paths = [
        env::var("NODE_PATH").unwrap_or_default(),
        modules.to_str().unwrap().to_owned(),
    ];
    let path = paths.into_iter().find(|path| has_it(path))?;
    Some(format!("NODE_PATH='{path}' node"))
}

/// What `adapters/prove` has built of this source, where it is not older.
fn built(name: &str, from: &str) -> Option<String> {
    let program = proof().join(name);
    let modified = |path: &Path| fs::metadata(path)?.modified();
    let is_new = modified(&program).ok()? >= modified(&source(from)).ok()?;
    is_new.then(|| format!("'{}'", program.display()))
}

/// Replays what is easy, and gives what came of it.
fn easy(to: &str) -> Value {
    let typed = [&EASY[..], &["--to", to, "--format", "json"], &FEW].concat();
    let output = replay(&typed);
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(0), String::new()),
        "{to}"
    );
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// All is `OK`, and so many trials there were.
fn all_is_well(to: &str, trials: usize) {
    let found = easy(to);
    let all = found["fixtures"].as_array().unwrap().iter();
    let all: Vec<&Value> = all
        .flat_map(|fixture| fixture["trials"].as_array().unwrap())
        .collect();
    assert_eq!(all.len(), trials, "{found:#}");
    for trial in all {
        assert_eq!(trial["verdict"], "OK", "{trial:#}");
        assert!(trial["segmentations"].as_u64() >= Some(3), "{trial:#}");
    }
}

#[test]
#[cfg_attr(not(unix), ignore = "adapters are started by sh")]
fn each_adapter_gives_what_its_library_decodes() {
    let test = "adapters::each_adapter_gives_what_its_library_decodes";
    for library in ["websockets", "wsproto", "ws4py"] {
        let adapter = format!("adapters/python-{library}.py");
        // it ends at once where nothing is asked
        match python(&[&adapter]) {
            Some(python) => all_is_well(&format!("exec:'{python}' {adapter}"), 8),
            None => skip(test, &format!("python3 and its library {library}")),
        }
    }
    match node() {
        Some(node) => all_is_well(&format!("exec:{node} adapters/node-ws.js"), 8),
        None => skip(test, "node and its library ws"),
    }
    for (name, source) in [
        ("websocketpp", "cpp-websocketpp.cpp"),
        ("libwebsockets", "c-libwebsockets.c"),
    ] {
        match built(name, source) {
            Some(program) => all_is_well(&format!("exec:{program}"), 8),
            None => skip(test, &format!("{name}, built by adapters/prove")),
        }
    }
}

/// A server, ended with its test.
struct Server {
    process: Child,
    port: String,
}

impl Server {
    fn start(command: &str) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", &format!("exec env {command}")])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut port).unwrap();
        let port = port.trim().to_owned();
        Self { process, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[cfg_attr(not(unix), ignore = "servers are started by sh")]
fn each_echoing_server_echoes() {
    let test = "adapters::each_echoing_server_echoes";
    let python = python(&["-c", "import websockets.asyncio.server"]);
    let python = python.map(|python| format!("'{python}' adapters/echo-websockets.py"));
    let node = node().map(|node| format!("{node} adapters/echo-ws.js"));
    for (command, needs) in [
        (python, "python3 and its library websockets"),
        (node, "node and its library ws"),
    ] {
        let Some(command) = command else {
            skip(test, needs);
            continue;
        };
        let server = Server::start(&command);
        let to = format!("server:127.0.0.1:{}/chat", server.port);
        let typed = [&EASY[..], &["--to", &to, "--role", "server"], &FEW].concat();
        let output = replay(&typed);
        let said = stdout(&output);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{command}: {said}{}",
            stderr(&output)
        );
        assert!(said.contains(": 4 OK; "), "{command}: {said}");
    }
}

#[test]
#[cfg_attr(not(unix), ignore = "adapters are started by sh")]
fn an_adapter_without_its_library_says_what_is_missing() {
    let test = "adapters::an_adapter_without_its_library_says_what_is_missing";
    let missing = |command: &str, says: &str| {
        let output = replay(&[EASY[0], "--to", &format!("exec:{command}")]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains(says), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    };
    match works(Command::new("python3").args(["-c", ""])) {
        true => {
            for library in ["websockets", "wsproto", "ws4py"] {
                // with the standard library only
                let command = format!("python3 -I -S adapters/python-{library}.py");
                missing(&command, &format!("No module named '{library}'"));
            }
        }
        false => skip(test, "python3"),
    }
    match works(Command::new("node").args(["-e", ""])) {
        // from where no module is found
        true => {
            let source = source("node-ws.js");
            let command = format!("cd / && NODE_PATH= exec node '{}'", source.display());
            missing(&command, "ws is not installed here: npm install ws");
        }
        false => skip(test, "node"),
    }
}

#[test]
fn what_is_beside_the_library_is_well_formed() {
    let test = "adapters::what_is_beside_the_library_is_well_formed";
    let parse = "import ast, sys; [ast.parse(open(file).read(), file) for file in sys.argv[1:]]";
    for (program, options, end) in [
        ("python3", &["-c", parse][..], ".py"),
        ("node", &["--check"], ".js"),
        ("bash", &["-n"], "/prove"),
    ] {
        if !works(Command::new(program).arg("--version")) {
            skip(test, program);
            continue;
        }
        for file in sources(end) {
            let output = Command::new(program)
                .args(options)
                .arg(&file)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
        }
        assert!(!sources(end).is_empty(), "{end}");
    }
}

#[test]
fn a_table_counts_each_fixture_as_the_worst_of_its_trials() {
    let python = "python3";
    if !works(Command::new(python).args(["-c", ""])) {
        return skip(
            "adapters::a_table_counts_each_fixture_as_the_worst_of_its_trials",
            python,
        );
    }
    let trial = |verdict: &str, no_result: Option<&str>| json!({ "to": "x", "verdict": verdict, "no_result": no_result });
    let fixture = |name: &str, trials: Value| json!({ "fixture": format!("fixtures/{name}.toml"), "trials": trials });
    let document = json!({
        "implementations": [{ "to": "x", "name": "library 1.0" }],
        "fixtures": [
            fixture("close/a", json!([trial("OK", None), trial("FAILED", None)])),
            fixture("close/b", json!([trial("OK", None), trial("INFORMATIONAL", None)])),
            fixture("close/c", json!([trial("OK", None)])),
            fixture("frames/a", json!([trial("FAILED", None), trial("OK", Some("it has ended"))])),
            fixture("tcp/a", json!([])),
        ],
    });
    let folder = Folder::new("table");
    let one = folder.write("one.json", &document.to_string());
    let two = folder.write("two.json", &document.to_string());
    folder.write("two.label", "A server\n");
    let output = Command::new(python)
        .arg(source("table.py"))
        .args([one, two])
        .output()
        .unwrap();
    let counts = "1 ok<br>1 informational<br>1 FAILED | 1 no result |";
    let table = format!(
        "| | close | frames |\n|---|---|---|\n| A server | {counts}\n| library 1.0 | {counts}\n"
    );
    assert_eq!((stdout(&output), stderr(&output)), (table, String::new()));
}
