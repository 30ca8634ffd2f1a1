//! The process of an adapter: its pipes, its time, and its end, which is that of its whole process group.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    process::{self, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use crate::replay::decoder::AdapterError;

/// An answer may be so long: a message of 12 MiB in base64. Of larger ones an adapter gives the hash.
const MOST_ANSWER_BYTES: usize = 16 << 20;

/// So much of the end of what it writes to standard error is kept, to be shown when it dies.
const MOST_ERROR_BYTES: usize = 2 << 10;

/// How often somebody who waits looks whether he has to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long an adapter may take to end once its input has ended.
const FAREWELL: Duration = Duration::from_secs(1);

/// A running adapter.
#[derive(Debug)]
pub(super) struct Child {
    process: process::Child,
    /// To the thread that writes; an adapter that does not read would hold up who writes to it.
    lines: Option<Sender<Vec<u8>>>,
    answers: Receiver<Answer>,
    errors: Arc<Mutex<Vec<u8>>>,
    /// Ends when standard error does.
    error_end: Receiver<()>,
    /// Whether it works no more: then it is not waited for.
    is_broken: bool,
}

/// What comes from the thread that reads.
#[derive(Debug)]
enum Answer {
    Line(Vec<u8>),
    TooLong,
    End,
}

impl Child {
    pub(super) fn start(command: &str) -> Result<Self, AdapterError> {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command);
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // of its own, so that all that it starts ends with it
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        let broken = |cause: io::Error| {
            AdapterError::Broken(format!("failed to start the adapter: {cause}"))
        };
        let mut process = shell.spawn().map_err(broken)?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        ) else {
            return Err(broken(io::ErrorKind::BrokenPipe.into()));
        };
        let (lines, to_write) = mpsc::channel::<Vec<u8>>();
        thread::spawn(move || write(stdin, &to_write));
        // one answer at a time, so that one who never stops answering waits
        let (answer, answers) = mpsc::sync_channel(1);
        thread::spawn(move || read(BufReader::new(stdout), &answer));
        let errors = Arc::new(Mutex::new(Vec::new()));
        let (end, error_end) = mpsc::sync_channel(1);
        let kept = Arc::clone(&errors);
        thread::spawn(move || {
            keep_end(stderr, &kept);
            drop(end);
        });
        Ok(Self {
            process,
            lines: Some(lines),
            answers,
            errors,
            error_end,
            is_broken: false,
        })
    }

    /// Writes a line and waits for the line that answers it.
    pub(super) fn ask(
        &mut self,
        line: &str,
        timeout: Duration,
        stop: &AtomicBool,
    ) -> Result<Vec<u8>, AdapterError> {
        let answer = self.answer(line, timeout, stop);
        self.is_broken |= answer.is_err();
        answer
    }

    fn answer(
        &mut self,
        line: &str,
        timeout: Duration,
        stop: &AtomicBool,
    ) -> Result<Vec<u8>, AdapterError> {
        if let Some(lines) = &self.lines {
            // where nobody writes any more the answers have ended as well
            let _ = lines.send(line.as_bytes().to_vec());
        }
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left.min(LOOK)) {
                Ok(Answer::Line(line)) => return Ok(line),
                Ok(Answer::TooLong) => {
                    return Err(AdapterError::Broken(format!(
                        "the adapter answered more than {} MiB in one line; of a long message it has to give the SHA-256",
                        MOST_ANSWER_BYTES >> 20
                    )));
                }
                Ok(Answer::End) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(AdapterError::Broken(self.last_words()));
                }
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => {
                    return Err(AdapterError::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    return Err(AdapterError::Silent(timeout));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// How an adapter ended that says no more, and what it wrote to standard error.
    fn last_words(&mut self) -> String {
        // it has closed its output; what it has not closed by now it does not close for this message
        let _ = self.error_end.recv_timeout(FAREWELL);
        let how = match self.kill() {
            Ok(status) => status.to_string(),
            Err(cause) => cause.to_string(),
        };
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let errors = String::from_utf8_lossy(&errors);
        let lines: Vec<&str> = errors.lines().map(str::trim_end).collect();
        match lines.iter().rev().find(|line| !line.is_empty()) {
            Some(last) => format!("the adapter ended ({how}): {last}"),
            None => format!("the adapter ended ({how})"),
        }
    }

    /// Ends it and all that it started, and waits for it. The group is there as long as its first process is not waited for.
    fn kill(&mut self) -> io::Result<process::ExitStatus> {
        self.lines = None;
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.process.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            // a group that has ended is as good as one that is ended now
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = self.process.kill();
        self.process.wait()
    }
}

impl Drop for Child {
    /// With the end of its input an adapter ends by itself; one that does not is ended.
    fn drop(&mut self) {
        self.lines = None;
        if !self.is_broken {
            let deadline = Instant::now() + FAREWELL;
            let left = || deadline.saturating_duration_since(Instant::now());
            while let Ok(Answer::Line(_)) = self.answers.recv_timeout(left()) {}
        }
        let _ = self.kill();
    }
}

fn write(mut stdin: process::ChildStdin, lines: &Receiver<Vec<u8>>) {
    while let Ok(line) = lines.recv() {
        if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read(mut stdout: BufReader<process::ChildStdout>, answers: &SyncSender<Answer>) {
    loop {
        let answer = line(&mut stdout);
        let is_last = !matches!(answer, Answer::Line(_));
        if answers.send(answer).is_err() || is_last {
            return;
        }
    }
}

/// The next line, without holding more of it than is allowed.
fn line(stdout: &mut BufReader<process::ChildStdout>) -> Answer {
    let mut line = Vec::new();
    let most = u64::try_from(MOST_ANSWER_BYTES).unwrap_or(u64::MAX);
    match stdout.take(most).read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => Answer::End,
        Ok(_) if line.ends_with(b"\n") => Answer::Line(line),
        Ok(read) if read >= MOST_ANSWER_BYTES => Answer::TooLong,
        // cut off by its end
        Ok(_) => Answer::End,
    }
}

fn keep_end(mut stderr: process::ChildStderr, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1 << 10];
    while let Ok(read @ 1..) = stderr.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(buffer.iter().take(read));
        let too_many = kept.len().saturating_sub(MOST_ERROR_BYTES);
        kept.drain(..too_many);
    }
}
