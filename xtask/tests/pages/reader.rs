//! Somebody who does what a page says, in an empty folder.

use std::fs::{self, File};
use std::net::TcpStream;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::blocks::{Block, blocks};
use crate::output;
use crate::ports::Ports;
use crate::programs::Programs;
use crate::root;

/// A build may take its time, and waits for the builds of the other pages: more than five minutes
/// were seen on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// Does everything on a page, or in one section of it, in its order. The folder holds a checkout of
/// the repository, and nothing else.
///
/// # Panics
///
/// Panics if a command fails, or does not write what the page shows.
pub(crate) fn read(page: &str, heading: Option<&str>) {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let (lines, part) = heading.map_or((1..usize::MAX, &*text), |heading| section(&text, heading));
    let mut reader = Reader::new(page, Ports::of(part));
    for (line, block) in blocks(&text, &lines) {
        reader.line = line;
        reader.does(block);
    }
}

/// Returns the lines and the text of a section.
///
/// # Panics
///
/// Panics if there is no such heading.
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> (Range<usize>, &'a str) {
    let start = page.find(&format!("\n{heading}\n"));
    let start = start.unwrap_or_else(|| panic!("there is no `{heading}`")) + 1;
    let rest = &page[start..];
    let part = rest.find("\n## ").map_or(rest, |end| &rest[..=end]);
    let first = page[..start].lines().count() + 1;
    (first..first + part.lines().count(), part)
}

struct Reader {
    page: String,
    line: usize,
    /// The programs end before their folder is removed.
    servers: Vec<Program>,
    second: Option<SecondTerminal>,
    home: TempDir,
    /// Where the first terminal is.
    folder: PathBuf,
    ports: Ports,
    programs: Programs,
}

struct SecondTerminal {
    child: Program,
    output: PathBuf,
    /// The lines that the page has shown.
    used: usize,
}

impl Reader {
    fn new(page: &str, ports: Ports) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(home.path()).unwrap();
        std::os::unix::fs::symlink(root(), folder.join("redis-components")).unwrap();
        // The packages are compiled as this workspace is: most of what they need is there already.
        let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let workspace: toml::Table = workspace.parse().unwrap();
        let profile =
            toml::Table::from_iter([("profile".to_owned(), workspace["profile"].clone())]);
        fs::create_dir(folder.join(".cargo")).unwrap();
        fs::write(folder.join(".cargo/config.toml"), profile.to_string()).unwrap();
        let programs = Programs::find(&folder.join(".programs"));
        Self {
            page: page.to_owned(),
            line: 0,
            home,
            folder,
            ports,
            programs,
            servers: Vec::new(),
            second: None,
        }
    }

    fn does(&mut self, block: Block) {
        match block {
            Block::File { name, text } => {
                let file = self.folder.join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, self.adapted(&text)).unwrap();
            }
            Block::Command { typed, shown } => match typed.strip_suffix(" &") {
                Some(server) => self.starts_a_server(server),
                None => self.types(&typed, shown.as_deref()),
            },
            Block::Failing { typed, shown } => self.types_in_vain(&typed, &shown),
            Block::Started { typed, shown } => {
                let output = self.home.path().join("second-terminal");
                // What ran there before is ended, as by Ctrl-C.
                self.second = None;
                let child = self.spawn(&format!("exec env {typed}"), &output);
                let child = Program(child);
                let used = 0;
                self.second = Some(SecondTerminal {
                    child,
                    output,
                    used,
                });
                self.sees(&shown);
            }
            Block::Seen { shown } => self.sees(&shown),
        }
    }

    /// Puts free ports, and the path of the checkout, into a text. With the true path, all pages
    /// share what they compile.
    fn adapted(&self, text: &str) -> String {
        let checkout = format!("{}/", root().display());
        let text = self.ports.put_into(text);
        text.replace("../redis-components/", &checkout)
    }

    fn types(&mut self, typed: &str, shown: Option<&[String]>) {
        let output = self.home.path().join("output");
        let left = self.home.path().join("folder");
        let script = format!("set -eu\n{typed}\npwd > {}", left.display());
        let mut child = self.spawn(&script, &output);
        let status = child.wait().unwrap();
        let written = self.lines(&output);
        if !status.success() {
            self.differs(typed, status, &output);
        }
        if shown.is_some_and(|shown| !output::is_all(shown, &written)) {
            self.differs(typed, status, &output);
        }
        self.folder = PathBuf::from(fs::read_to_string(left).unwrap().trim_end());
    }

    fn types_in_vain(&mut self, typed: &str, shown: &[String]) {
        let output = self.home.path().join("output");
        let status = self.spawn(&format!("{typed} 2>&1"), &output).wait();
        let written = self.lines(&output);
        let has_all = output::find(shown, &written).is_some();
        if status.as_ref().unwrap().success() || !has_all {
            self.differs(typed, status.unwrap(), &output);
        }
    }

    fn starts_a_server(&mut self, typed: &str) {
        let output = self.home.path().join("servers");
        let child = self.spawn(&format!("exec env {typed}"), &output);
        self.servers.push(Program(child));
        let adapted = self.adapted(typed);
        let port = adapted.split_once("--port ").map(|(_, rest)| rest);
        let port = port.and_then(|rest| rest.split(' ').next()?.parse::<u16>().ok());
        let port = port.unwrap_or_else(|| panic!("`{typed} &` has no `--port`"));
        self.waits_until(&format!("`{typed}` listens"), |_| {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
    }

    fn sees(&mut self, shown: &[String]) {
        let Some(second) = &self.second else {
            panic!("{}:{}: nothing was started", self.page, self.line);
        };
        let (output, used) = (second.output.clone(), second.used);
        let mut found = None;
        self.waits_until(&format!("it writes:\n{}", shown.join("\n")), |reader| {
            found = output::find(shown, &reader.lines(&output)[used..]);
            found.is_some()
        });
        if let (Some(second), Some(found)) = (&mut self.second, found) {
            second.used += found;
        }
    }

    fn waits_until(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(self) {
            let second = self.second.iter_mut().map(|second| &mut second.child);
            let mut started = self.servers.iter_mut().chain(second);
            let ended = started.find_map(|program| program.0.try_wait().unwrap());
            let place = format!("{}:{}", self.page, self.line);
            let told = || {
                let outputs =
                    ["servers", "second-terminal"].map(|name| self.home.path().join(name));
                let errors = outputs.map(|output| fs::read_to_string(errors_of(&output)));
                errors.map(Result::unwrap_or_default).concat()
            };
            assert!(
                ended.is_none(),
                "{place}: something has ended ({ended:?}) before {what}\n{}",
                told()
            );
            assert!(Instant::now() < end, "{place}: never {what}\n{}", told());
            sleep(Duration::from_millis(20));
        }
    }

    /// Gives a package the versions of this workspace, which are there and mostly compiled, and the
    /// true path of the checkout.
    fn prepare_package(&self) {
        let manifest = self.folder.join("Cargo.toml");
        if let Ok(text) = fs::read_to_string(&manifest) {
            fs::copy(root().join("Cargo.lock"), self.folder.join("Cargo.lock")).unwrap();
            fs::write(manifest, self.adapted(&text)).unwrap();
        }
    }

    fn spawn(&self, script: &str, output: &Path) -> Child {
        self.prepare_package();
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.adapted(script)])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(File::create(output).unwrap())
            .stderr(File::create(errors_of(output)).unwrap());
        self.programs.tell(&mut command);
        command.spawn().unwrap()
    }

    /// Returns the whole lines that were written, with the page's ports.
    fn lines(&self, output: &Path) -> Vec<String> {
        let written = self.ports.take_out(&fs::read_to_string(output).unwrap());
        let lines = written.split_inclusive('\n');
        let whole = lines.filter_map(|line| line.strip_suffix('\n'));
        whole.map(str::to_owned).collect()
    }

    fn differs(&self, typed: &str, status: ExitStatus, output: &Path) -> ! {
        panic!(
            "{}:{}: `{typed}` does not what the page says ({status}):\n{}\n{}",
            self.page,
            self.line,
            self.lines(output).join("\n"),
            self.lines(&errors_of(output)).join("\n")
        );
    }
}

fn errors_of(output: &Path) -> PathBuf {
    output.with_extension("errors")
}

/// A program that runs on, and ends when this is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
