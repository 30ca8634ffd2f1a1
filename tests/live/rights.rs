//! What a command may still do once it captures: read from the kernel, for every thread of the running program.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use super::bench::{apart, path, send, up, with_loopback};

/// Somebody who is no user of this machine.
const SOMEBODY: u32 = 34_567;

/// With users besides root in it: the real root needs no other namespace for that, anybody else needs `newuidmap`.
fn with_users(test: &str, body: impl FnOnce()) {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let own = if is_root {
        &["-n"][..]
    } else {
        &["-Urn", "--map-auto"]
    };
    apart(test, own, || {
        up();
        body();
    });
}

/// A folder that is one user's only, where everybody may come by.
fn folder(name: &str, owner: u32) -> PathBuf {
    let folder = env::temp_dir().join(format!("wireseam-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    chown(&folder, Some(owner), Some(owner)).unwrap();
    folder
}

/// The command when it has said that it captures.
fn capturing(command: &mut Command) -> (Child, impl Read + use<>) {
    let spawned = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("ing on lo through"), "{line}");
    (child, stderr)
}

/// Of each thread what a line of its status says.
fn status(child: &Child, what: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    let line = |status: String| {
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        line.unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let statuses = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("status")));
    let found: Vec<_> = statuses.map(|status| line(status.unwrap())).collect();
    assert!(!found.is_empty());
    found
}

/// Every thread has these capabilities and no others, in none of the sets from which it could take them.
pub(super) fn has_only(child: &Child, capabilities: u64) {
    for (set, expected) in [
        ("CapEff:", capabilities),
        ("CapPrm:", capabilities),
        ("CapInh:", 0),
        ("CapAmb:", 0),
    ] {
        for of_thread in status(child, set) {
            assert_eq!(
                u64::from_str_radix(&of_thread, 16).unwrap(),
                expected,
                "{set}"
            );
        }
    }
}

fn interrupt(mut child: Child, mut stderr: impl Read) -> (String, String) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let (mut out, mut err) = (String::new(), String::new());
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    stderr.read_to_string(&mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{err}");
    (out, err)
}

fn record(file: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wireseam"));
    command.args(["record", "-i", "lo", "--filter", "udp", "-o", file]);
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    command
}

#[test]
fn under_sudo_it_goes_on_as_the_user_who_typed_it() {
    let test = "live::rights::under_sudo_it_goes_on_as_the_user_who_typed_it";
    with_users(test, || {
        let folder = folder("theirs", SOMEBODY);
        let file = folder.join("ring.pcapng");
        let mut command = record(file.to_str().unwrap());
        command.args(["--rotate-size", "1K", "--keep", "3"]);
        command
            .env("SUDO_UID", SOMEBODY.to_string())
            .env("SUDO_GID", SOMEBODY.to_string());
        let (child, stderr) = capturing(&mut command);
        has_only(&child, 0);
        let thrice = format!("{SOMEBODY} {SOMEBODY} {SOMEBODY} {SOMEBODY}");
        for of_thread in [status(&child, "Uid:"), status(&child, "Gid:")].concat() {
            assert_eq!(of_thread, thrice);
        }
        for groups in status(&child, "Groups:") {
            assert_eq!(groups, SOMEBODY.to_string());
        }
        // what needs files, counters and the interface goes on
        send(100);
        let (out, err) = interrupt(child, stderr);
        assert!(
            out.starts_with("recorded 100 packets in 3 files"),
            "{out}{err}"
        );
        assert!(!out.contains("unknown"), "{out}");
        let files: Vec<_> = fs::read_dir(&folder).unwrap().collect();
        assert_eq!(files.len(), 3);
        for file in files {
            let file = file.unwrap().metadata().unwrap();
            assert_eq!((file.uid(), file.gid()), (SOMEBODY, SOMEBODY));
        }
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn where_only_root_may_write_it_says_so_and_writes_only_when_told_to() {
    let test = "live::rights::where_only_root_may_write_it_says_so_and_writes_only_when_told_to";
    with_users(test, || {
        let folder = folder("roots", 0);
        let file = folder.join("out.pcapng");
        let sudo = |command: &mut Command| {
            command
                .env("SUDO_UID", SOMEBODY.to_string())
                .env("SUDO_GID", SOMEBODY.to_string());
        };
        let mut command = record(file.to_str().unwrap());
        sudo(command.arg("-q"));
        let refused = command.output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(4));
        assert!(
            said.contains("--as-root") && said.lines().count() == 1,
            "{said}"
        );
        assert!(!file.exists());
        let mut command = record(file.to_str().unwrap());
        sudo(command.arg("--as-root"));
        let (child, stderr) = capturing(&mut command);
        has_only(&child, CAP_DAC_OVERRIDE);
        interrupt(child, stderr);
        assert_eq!(fs::metadata(&file).unwrap().uid(), 0);
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn root_itself_keeps_the_right_to_write_files() {
    let test = "live::rights::root_itself_keeps_the_right_to_write_files";
    with_loopback(test, || {
        let file = path("root.pcapng");
        let mut command = record(file.to_str().unwrap());
        let (child, stderr) = capturing(&mut command);
        has_only(&child, CAP_DAC_OVERRIDE);
        interrupt(child, stderr);
        // in this namespace there is nobody else, whoever typed sudo outside
        command.env("SUDO_UID", SOMEBODY.to_string());
        command.env("SUDO_GID", SOMEBODY.to_string());
        let (child, stderr) = capturing(&mut command);
        has_only(&child, CAP_DAC_OVERRIDE);
        interrupt(child, stderr);
    });
}

#[test]
fn nothing_is_inspected_with_rights() {
    let test = "live::rights::nothing_is_inspected_with_rights";
    with_users(test, || {
        let folder = folder("inspected", SOMEBODY);
        let inspect = |write: bool| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_wireseam"));
            command.args(["inspect", "-i", "lo", "-f", "ndjson"]);
            command
                .env("SUDO_UID", SOMEBODY.to_string())
                .env("SUDO_GID", SOMEBODY.to_string());
            if write {
                command.args(["-o", folder.join("report").to_str().unwrap()]);
                command.args(["--write", folder.join("packets").to_str().unwrap()]);
            }
            command
        };
        for write in [false, true] {
            let (child, stderr) = capturing(&mut inspect(write));
            has_only(&child, 0);
            let of_threads = status(&child, "Uid:");
            assert!(
                of_threads
                    .iter()
                    .all(|ids| ids.starts_with(&SOMEBODY.to_string()))
            );
            interrupt(child, stderr);
        }
        for file in ["report", "packets"] {
            assert_eq!(fs::metadata(folder.join(file)).unwrap().uid(), SOMEBODY);
        }
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_user_with_the_capability_to_capture_gives_it_up() {
    let test = "live::rights::a_user_with_the_capability_to_capture_gives_it_up";
    if !Command::new("setpriv")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        // past the test harness, which keeps what is printed
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: needs setpriv");
        return;
    }
    with_users(test, || {
        let folder = folder("capable", SOMEBODY);
        let file = folder.join("out.pcapng");
        let user = SOMEBODY.to_string();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
        command.args([
            "--inh-caps",
            "+net_raw,+net_admin",
            "--ambient-caps",
            "+net_raw,+net_admin",
        ]);
        command.arg(env!("CARGO_BIN_EXE_wireseam"));
        command.args(["record", "-i", "lo", "-o", file.to_str().unwrap()]);
        let (child, stderr) = capturing(&mut command);
        has_only(&child, 0);
        interrupt(child, stderr);
        fs::remove_dir_all(folder).unwrap();
    });
}

/// The bit of the capability to write files whatever their mode.
pub(super) const CAP_DAC_OVERRIDE: u64 = 1 << 1;
