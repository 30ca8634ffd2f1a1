//! What the READMEs show is what is printed: each command line that begins with `$`, and the excerpts of the first map.
//!
//! A command is run by a shell in the repository's folder, with the command of this build first in the path; its lines
//! must be those shown. A line `...` stands for any number of lines. Where a command needs `jq` and the machine has
//! none, it is passed over.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

#[test]
#[cfg_attr(not(unix), ignore = "the commands are written for a shell")]
fn every_command_prints_what_the_readme_shows() {
    let has_jq = has("jq");
    let mut shown = 0;
    let mut differing = Vec::new();
    for file in ["README.md", "fixtures/README.md"] {
        for block in blocks(file) {
            for Example { command, output } in examples(&block) {
                shown += 1;
                if !has_jq && command.contains("jq ") {
                    continue;
                }
                let printed = run(&command);
                if !agree(&output, &lines(&printed)) {
                    differing.push(format!(
                        "{file}: $ {command}\nshown:\n{}\nprinted:\n{printed}",
                        output.join("\n")
                    ));
                }
            }
        }
    }
    assert!(shown >= FEWEST, "only {shown} commands were found");
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
}

#[test]
fn every_excerpt_stands_in_the_map_of_the_first_inspection() {
    let readme = read("README.md");
    let first = readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("cargo run --release -- "))
        .find(|command| command.starts_with("inspect "))
        .unwrap();
    let map = Command::new(env!("CARGO_BIN_EXE_wireseam"))
        .args(first.split(' '))
        .current_dir(root())
        .output()
        .unwrap();
    let map = String::from_utf8(map.stdout).unwrap();
    let excerpts: Vec<_> = blocks("README.md")
        .into_iter()
        .filter(|block| block.starts_with("  "))
        .collect();
    assert!(excerpts.len() >= 2, "README.md shows no map");
    for excerpt in excerpts {
        assert!(
            map.contains(&excerpt),
            "README.md shows\n{excerpt}\nbut {first} prints\n{map}"
        );
    }
}

#[test]
fn a_line_of_dots_stands_for_any_number_of_lines() {
    let printed = ["a", "b", "c"].map(str::to_owned);
    for (shown, agrees) in [
        (&["a", "b", "c"][..], true),
        (&["a", "..."], true),
        (&["...", "c"], true),
        (&["a", "...", "c"], true),
        (&["a", "b", "...", "c"], true),
        (&["a", "...", "b"], false),
        (&["a", "c"], false),
        (&["a", "b"], false),
    ] {
        let shown: Vec<_> = shown.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(agree(&shown, &printed), agrees, "{shown:?}");
    }
}

/// A command line and the lines shown below it.
struct Example {
    command: String,
    output: Vec<String>,
}

/// The blocks marked as text, without their fences.
fn blocks(file: &str) -> Vec<String> {
    let text = read(file);
    let blocks = text.split("```text\n").skip(1);
    blocks
        .filter_map(|rest| rest.split("```").next().map(str::to_owned))
        .collect()
}

fn examples(block: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut begun = false;
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example {
                command: command.to_owned(),
                output: Vec::new(),
            });
        } else if let Some(example) = examples.last_mut() {
            if begun {
                example.command += "\n";
                example.command += line;
            } else {
                example.output.push(line.to_owned());
            }
        }
        begun = examples
            .last()
            .is_some_and(|example| example.output.is_empty() && goes_on(&example.command));
    }
    examples
}

/// Whether a shell would read another line: behind a pipe or a backslash, or inside quotes.
fn goes_on(command: &str) -> bool {
    command.ends_with(['|', '\\']) || command.matches('\'').count() % 2 == 1
}

fn run(command: &str) -> String {
    let command = command.replace("cargo run --release -- ", "wireseam ");
    let ours = Path::new(env!("CARGO_BIN_EXE_wireseam")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [ours.to_owned()].into_iter().chain(env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-c", &command])
        .env("PATH", env::join_paths(folders).unwrap())
        .env("LC_ALL", "C.UTF-8")
        .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

fn agree(shown: &[String], printed: &[String]) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (Some((dots, rest)), _) if dots.trim() == "..." => {
            (0..=printed.len()).any(|left_out| agree(rest, &printed[left_out..]))
        }
        (Some((line, shown)), Some((same, printed))) => line == same && agree(shown, printed),
        (shown, printed) => shown.is_none() && printed.is_none(),
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn has(program: &str) -> bool {
    let asked = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// So many commands the READMEs show at least; that they are gone is a fault of the search.
const FEWEST: usize = 8;
