use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{Found, read, read_if};

/// Longer than any machine takes for the reads of a test.
const SOON: Duration = Duration::from_secs(60);

/// Reads so often at least, and until something was found and something was refused: what changes it
/// may not run for a while.
fn until_both(least: usize, mut reads_content: impl FnMut() -> bool) {
    let (mut reads, mut found, mut refused) = (0, 0, 0);
    while reads < least || found == 0 || refused == 0 {
        reads += 1;
        if reads_content() {
            found += 1;
        } else {
            refused += 1;
        }
    }
}

/// Changes something again and again while `reads` runs on a thread, and returns what that returns.
fn while_changing<T: Send + 'static>(
    mut change: impl FnMut() + Send + 'static,
    reads: impl FnOnce() -> T + Send + 'static,
) -> T {
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_over);
    let changing = thread::spawn(move || {
        while !ends.load(Ordering::SeqCst) {
            change();
        }
    });
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(reads()));
    let result = receiver.recv_timeout(SOON).expect("the reads end");
    is_over.store(true, Ordering::SeqCst);
    changing.join().unwrap();
    result
}

fn fifo(path: &Path) {
    mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
}

#[test]
fn r11_a_pipe_that_takes_the_place_of_a_file_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (file, next) = (path("x"), path("next"));
    fs::write(&file, "S3cret").unwrap();
    let target = file.clone();
    let change = move || {
        fifo(&next);
        fs::rename(&next, &target).unwrap();
        fs::write(&next, "S3cret").unwrap();
        fs::rename(&next, &target).unwrap();
    };
    while_changing(change, move || {
        until_both(100_000, || match read(&file) {
            Ok(content) => {
                // A file may be seen empty while it is written elsewhere, and not here.
                assert_eq!(content, Found::Content(b"S3cret".to_vec()));
                true
            }
            Err(error) => {
                assert_eq!(error.to_string(), "it is no file");
                false
            }
        });
    });
}

#[test]
fn r11_a_link_that_takes_the_place_of_a_folder_leads_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    // So that its path has no links.
    let real = folder.path().canonicalize().unwrap();
    let path = |name: &str| real.join(name);
    for (name, content) in [("allowed/a", "mine"), ("forbidden", "theirs")] {
        fs::create_dir_all(path(name)).unwrap();
        fs::write(path(name).join("x"), content).unwrap();
    }
    symlink(path("forbidden"), path("link")).unwrap();
    let (asked, spare, link) = (path("allowed/a"), path("allowed/spare"), path("link"));
    let file = asked.join("x");
    let change = move || {
        fs::rename(&asked, &spare).unwrap();
        fs::rename(&link, &asked).unwrap();
        fs::rename(&asked, &link).unwrap();
        fs::rename(&spare, &asked).unwrap();
    };
    let allowed = path("allowed");
    while_changing(change, move || {
        until_both(20_000, || {
            match read_if(&file, |real| real.starts_with(&allowed)) {
                Ok(Found::Forbidden) | Err(_) => false,
                Ok(content) => {
                    assert_eq!(content, Found::Content(b"mine".to_vec()));
                    true
                }
            }
        });
    });
}

/// Kubernetes mounts `x -> ..data/x` and `..data -> ..2026_1`, and moves the second link.
#[test]
fn r7_links_of_a_mount_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("..1")).unwrap();
    fs::write(path("..1/x"), "S3cret").unwrap();
    symlink("..1", path("..data")).unwrap();
    symlink("..data/x", path("x")).unwrap();
    let mine = Found::Content(b"S3cret".to_vec());
    assert_eq!(read(&path("x")).unwrap(), mine);
    let real = folder.path().canonicalize().unwrap();
    let inside = |found: &Path| found.starts_with(&real);
    assert_eq!(read_if(&path("x"), inside).unwrap(), mine);
    assert_eq!(read_if(&path("x"), |_| false).unwrap(), Found::Forbidden);
    assert!(read_if(&path(".."), |_| true).is_err());
}
