//! The file itself: who may have access to it, and how it is replaced as a whole.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;

use super::entries::Entries;
use crate::config_server::config_text::ConfigText;
use crate::error::text::printable;

/// How many bytes the file may have.
const LIMIT: u64 = 4 * 1024 * 1024;
/// Only the owner may read and write the file.
const MODE: u32 = 0o600;
/// How long another process may hold the lock. It holds it while it writes the file.
const LOCKED_FOR: Duration = Duration::from_secs(5);
const LOCK_INTERVAL: Duration = Duration::from_millis(10);

/// The file at a path.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
}

/// Where the file is, once links are followed.
struct Place {
    folder: PathBuf,
    file: PathBuf,
}

impl ConfigFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the entries. A file that does not exist has none.
    ///
    /// # Errors
    ///
    /// Returns why the file is refused, and what to do.
    pub(super) fn read(&self) -> Result<Entries, String> {
        read(&self.place()?.file)
    }

    /// Puts configs into the file, beside what other processes have put there.
    ///
    /// Readers see the file before or after that, never a part. A file that is refused stays as it
    /// is.
    ///
    /// # Errors
    ///
    /// Returns why the file is refused or cannot be written, and what to do.
    pub(super) fn put(
        &self,
        servers: &[String],
        configs: &[(String, ConfigText)],
    ) -> Result<(), String> {
        let place = self.place()?;
        let _lock = lock(&place.with_ending(".lock"))?;
        let mut entries = read(&place.file)?;
        if !entries.put(servers, configs) {
            return Ok(());
        }
        let text = entries.to_text().map_err(|error| error.to_string())?;
        if text.len() as u64 > LIMIT {
            return Err(format!(
                "it would be longer than {LIMIT} bytes; delete it to forget the keys that nobody uses"
            ));
        }
        place.replace(&text).map_err(|error| {
            let folder = shown(&place.folder);
            format!("it cannot be written: {error}; the process must be able to write to {folder}")
        })
    }

    /// Follows links, and refuses the places where somebody else decides what the file is.
    fn place(&self) -> Result<Place, String> {
        let mut path = self.path.clone();
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                if !is_trusted(&found) {
                    return Err("it is a link that belongs to another user".to_owned());
                }
                path = fs::canonicalize(&path)
                    .map_err(|error| format!("it is a link that leads to no file: {error}"))?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("it cannot be found: {error}")),
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err("it is no file; name a file".to_owned());
        };
        let folder = fs::canonicalize(folder).map_err(|error| {
            let folder = shown(folder);
            format!("its folder {folder} cannot be found: {error}; create it")
        })?;
        let of_folder = fs::metadata(&folder)
            .map_err(|error| format!("its folder cannot be found: {error}"))?;
        if !is_trusted(&of_folder) {
            let folder = shown(&folder);
            return Err(format!(
                "its folder {folder} belongs to another user; name a file in a folder of this process's own"
            ));
        }
        let file = folder.join(name);
        Ok(Place { folder, file })
    }
}

impl Place {
    /// Returns the path of a file beside this one, which other programs do not look at.
    fn with_ending(&self, ending: &str) -> PathBuf {
        let mut name = std::ffi::OsString::from(".");
        name.push(self.file.file_name().unwrap_or_default());
        name.push(ending);
        self.folder.join(name)
    }

    /// Replaces the file as a whole. The lock makes this the only writer.
    fn replace(&self, text: &[u8]) -> io::Result<()> {
        let new = self.with_ending(".new");
        // A process may have ended while it wrote.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = write_new(&new, text).and_then(|()| fs::rename(&new, &self.file));
        if written.is_err() {
            // An error says that it is not there.
            let _ = fs::remove_file(&new);
            return written;
        }
        // So that the new name survives a crash of the machine as well.
        File::open(&self.folder)?.sync_all()
    }
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn read(path: &Path) -> Result<Entries, String> {
    let opened = OpenOptions::new()
        .read(true)
        // A pipe would let the reader wait for a writer.
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Entries::default()),
        Err(error) => return Err(format!("it cannot be read: {error}")),
    };
    let cannot_read = |error| format!("it cannot be read: {error}");
    let found = file.metadata().map_err(cannot_read)?;
    if !found.is_file() {
        return Err("it is no regular file; name another file".to_owned());
    }
    if found.uid() != geteuid().as_raw() {
        return Err("it belongs to another user; delete it, or name another file".to_owned());
    }
    if found.mode() & 0o077 != 0 {
        let path = shown(path);
        return Err(format!(
            "others can read or write it, and it may hold passwords; run: chmod 600 {path}"
        ));
    }
    let mut text = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut text)
        .map_err(cannot_read)?;
    if text.len() as u64 > LIMIT {
        return Err(format!(
            "it is longer than {LIMIT} bytes; delete it, or name another file"
        ));
    }
    Entries::parse(&text)
}

/// Takes the lock that writers share.
fn lock(path: &Path) -> Result<Flock<File>, String> {
    let begun = Instant::now();
    let cannot_lock = |error: io::Error| {
        let path = shown(path);
        format!("it cannot be written: its lock {path} cannot be taken: {error}")
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)
        .map_err(cannot_lock)?;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((back, Errno::EWOULDBLOCK)) if begun.elapsed() < LOCKED_FOR => file = back,
            Err((_, error)) => return Err(cannot_lock(error.into())),
        }
        thread::sleep(LOCK_INTERVAL);
    }
}

/// Returns `true` for what belongs to this process's user, or to root, who can do anything anyway.
fn is_trusted(found: &Metadata) -> bool {
    found.uid() == 0 || found.uid() == geteuid().as_raw()
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

impl fmt::Display for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::{ConfigFile, ConfigText};

    #[test]
    fn r5_writers_at_the_same_time_lose_nothing_and_readers_see_whole_files() {
        const WRITERS: usize = 4;
        const WRITES: usize = 20;
        const WITHIN: Duration = Duration::from_secs(60);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last-good.json");
        let servers = ["h:6379/0".to_owned()];
        let write_all = &|writer: usize| {
            let file = ConfigFile::new(path.clone());
            for write in 0..WRITES {
                let long = ConfigText::new(&"x".repeat(20_000));
                let number = ConfigText::new(&write.to_string());
                let configs = [
                    (format!("{writer}:{write}"), long),
                    (writer.to_string(), number),
                ];
                // As savers do, one tries again whom the others have kept waiting for too long.
                let begun = Instant::now();
                while let Err(error) = file.put(&servers, &configs) {
                    assert!(begun.elapsed() < WITHIN, "{error}");
                }
            }
        };
        let is_written = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let file = ConfigFile::new(path.clone());
                while !is_written.load(Ordering::Acquire) {
                    file.read().unwrap();
                }
            });
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| scope.spawn(move || write_all(writer)))
                .collect();
            let ended: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
            is_written.store(true, Ordering::Release);
            assert!(ended.iter().all(Result::is_ok));
        });
        let entries = ConfigFile::new(path).read().unwrap();
        for writer in 0..WRITERS {
            let newest = entries.find(&servers, &writer.to_string());
            let newest = newest.unwrap().0.expose().to_owned();
            assert_eq!(newest, (WRITES - 1).to_string());
            for write in 0..WRITES {
                let key = format!("{writer}:{write}");
                assert!(entries.find(&servers, &key).is_some(), "{key}");
            }
        }
    }
}
