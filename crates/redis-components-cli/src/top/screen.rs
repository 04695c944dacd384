//! The terminal: taken for as long as something is shown, and given back however that ends.

use std::io::{self, Stdout, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::prelude::Frame;

use crate::lines::flush;

/// Whether the terminal is taken.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal. It is given back when this is dropped, and before a panic is told.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be used. Then it is as it was.
    pub(super) fn take() -> io::Result<Self> {
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        // What was said so far must not be written over the picture.
        flush();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        IS_TAKEN.store(true, Ordering::Relaxed);
        let screen = Self { terminal };
        enable_raw_mode()?;
        // ratatui's own `clear` asks for the place of the cursor, and waits for an answer.
        execute!(stdout(), EnterAlternateScreen, Clear(ClearType::All))?;
        Ok(screen)
    }

    /// Draws what is to be seen.
    ///
    /// # Errors
    ///
    /// Returns an error if the terminal is gone, or was given back because something has panicked.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if !IS_TAKEN.load(Ordering::Relaxed) {
            return Err(io::Error::other("a part of this program has panicked"));
        }
        self.terminal.draw(draw).map(|_| ())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once.
fn give_back() {
    if IS_TAKEN.swap(false, Ordering::Relaxed) {
        // There is nothing to do about a terminal that is gone.
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{self, Read as _};
    use std::process::{Command, ExitStatus, Stdio};

    use rustix::pty;
    use rustix::termios::{LocalModes, tcgetattr};

    use super::Screen;

    #[test]
    #[ignore = "another test starts it at a terminal"]
    fn panics_at_a_terminal() {
        let mut screen = Screen::take().unwrap();
        screen.draw(|_| panic!("a mistake")).unwrap();
    }

    #[test]
    #[ignore = "another test starts it at a terminal"]
    #[allow(clippy::unnecessary_wraps, reason = "the error is what is tested")]
    fn fails_at_a_terminal() -> io::Result<()> {
        let mut screen = Screen::take()?;
        screen.draw(|_| ())?;
        Err(io::Error::other("a failure"))
    }

    #[test]
    #[ignore = "another test starts it at a terminal"]
    fn goes_on_after_a_panic_elsewhere() {
        let mut screen = Screen::take().unwrap();
        let elsewhere = std::thread::spawn(|| panic!("a mistake"));
        assert!(elsewhere.join().is_err());
        let error = screen.draw(|_| ()).unwrap_err();
        panic!("ends: {error}");
    }

    /// Runs a test of this file at a terminal, and returns how it has ended, what it wrote, and
    /// whether the terminal still shows what is typed.
    fn at_terminal(test: &str) -> (ExitStatus, String, bool) {
        let flags = pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY | pty::OpenptFlags::CLOEXEC;
        let controller = pty::openpt(flags).unwrap();
        pty::grantpt(&controller).unwrap();
        pty::unlockpt(&controller).unwrap();
        let name = pty::ptsname(&controller, Vec::new()).unwrap();
        let open = || {
            let mut options = File::options();
            options.read(true).write(true).open(name.to_str().unwrap())
        };
        let terminal = open().unwrap();
        let end = || Stdio::from(open().unwrap());
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "--wait"])
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "--test-threads=1"])
            .arg(format!("top::screen::tests::{test}"))
            .stdin(end())
            .stdout(end())
            .stderr(end());
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut reader = File::from(controller);
        let reading = std::thread::spawn(move || {
            let mut written = Vec::new();
            // The end of a terminal is an error.
            let _ = reader.read_to_end(&mut written);
            String::from_utf8_lossy(&written).into_owned()
        });
        let status = child.wait().unwrap();
        let modes = tcgetattr(&terminal).unwrap().local_modes;
        drop(terminal);
        let shows = modes.contains(LocalModes::ECHO | LocalModes::ICANON);
        (status, reading.join().unwrap(), shows)
    }

    #[test]
    fn a_panic_and_an_error_give_the_terminal_back_and_are_told_on_it() {
        for (test, told) in [
            ("panics_at_a_terminal", "a mistake"),
            ("fails_at_a_terminal", "a failure"),
            ("goes_on_after_a_panic_elsewhere", "a part of this program"),
        ] {
            let (status, written, shows) = at_terminal(test);
            assert!(!status.success(), "{test}: {written:?}");
            assert!(shows, "{test}: {written:?}");
            let [taken, back] = ["\u{1b}[?1049h", "\u{1b}[?1049l"];
            assert!(written.contains(taken), "{test}: {written:?}");
            let (_, after) = written.split_once(back).unwrap();
            assert!(after.contains("\u{1b}[?25h"), "{test}: {written:?}");
            assert!(after.contains(told), "{test}: {written:?}");
            assert!(!after.contains(taken), "{test}: {written:?}");
        }
    }
}
