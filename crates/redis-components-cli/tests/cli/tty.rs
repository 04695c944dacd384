//! A terminal: what a person sees, and what he types.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::pty;
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::common::BOUND;

/// Returns the two ends of a new terminal: a person's, and a program's.
pub(crate) fn pair() -> (File, File) {
    let flags = pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY | pty::OpenptFlags::CLOEXEC;
    let controller = pty::openpt(flags).unwrap();
    pty::grantpt(&controller).unwrap();
    pty::unlockpt(&controller).unwrap();
    let name = pty::ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (File::from(controller), terminal)
}

/// A program at a terminal.
pub(crate) struct Tty {
    child: Child,
    controller: File,
    /// Kept open, so that its settings can be read when the program has ended.
    terminal: File,
    before: Termios,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// All that the program wrote.
    written: Vec<u8>,
}

impl Tty {
    /// Starts a command that `setsid --ctty --wait` runs.
    pub(crate) fn start(mut command: Command, rows: u16, columns: u16) -> Self {
        let (controller, terminal) = pair();
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        let end = || Stdio::from(terminal.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        if command.get_envs().all(|(name, _)| name != "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let child = command.spawn().unwrap();
        let mut reader = controller.try_clone().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            controller,
            terminal,
            before,
            output,
            screen: vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0),
            written: Vec::new(),
        }
    }

    /// Types something.
    pub(crate) fn press(&mut self, keys: &str) {
        self.controller.write_all(keys.as_bytes()).unwrap();
    }

    /// Returns what is to be seen now.
    pub(crate) fn seen(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until what is to be seen is as it should be.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + BOUND;
        while !is_so(&self.seen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.note(&bytes),
                Err(RecvTimeoutError::Timeout) => panic!("not in time: {what}\n{}", self.seen()),
                Err(RecvTimeoutError::Disconnected) => panic!("gone: {what}\n{}", self.seen()),
            }
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.written.extend_from_slice(bytes);
    }

    /// Returns the id of the program, which `setsid` has started as its child or has become.
    pub(crate) fn pid(&self) -> u32 {
        let id = self.child.id();
        let path = format!("/proc/{id}/task/{id}/children");
        let children = std::fs::read_to_string(path).unwrap_or_default();
        let first = children.split_whitespace().next();
        first.map_or(id, |child| child.parse().unwrap())
    }

    /// Waits for the program's end, checks that the terminal is as it was, and returns the exit code
    /// and all that was written.
    #[track_caller]
    pub(crate) fn end(mut self) -> (i32, String) {
        let deadline = Instant::now() + BOUND;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end: {}",
                self.seen()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
            self.note(&bytes);
        }
        let after = tcgetattr(&self.terminal).unwrap();
        let both = [&self.before, &after];
        let [before, after] = both.map(|modes| {
            (
                modes.input_modes,
                modes.output_modes,
                modes.control_modes,
                modes.local_modes,
            )
        });
        assert_eq!(before, after);
        assert!(after.3.contains(LocalModes::ECHO | LocalModes::ICANON));
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the first screen is not back");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        let written = String::from_utf8_lossy(&self.written).into_owned();
        (status.code().unwrap_or(-1), written)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // It has ended unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
