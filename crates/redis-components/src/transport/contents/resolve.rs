//! A config with what it refers to.

use std::sync::Arc;
use std::time::Duration;

use super::read::read;
use super::sources::Sources;
use super::wanted::Wanted;
use crate::config::ComponentConfig;
use crate::transport::failure::{Cause, Failure};
use crate::transport::on_thread::beside_tasks;

/// Returns the config with what stands elsewhere, as it is now. Files are read beside the runtime. A
/// provider is asked if its login is due or was [refused](Sources::note_refused), and not otherwise.
///
/// # Errors
///
/// Returns an error within `bound` if something cannot be used.
pub(crate) async fn resolve(
    config: &ComponentConfig,
    sources: &Arc<Sources>,
    bound: Duration,
) -> Result<ComponentConfig, Failure> {
    let needs = config.needs();
    if needs.is_empty() {
        return Ok(config.clone());
    }
    let sources = Arc::clone(sources);
    let wanted = Wanted::ToConnect(bound);
    let reading = move || read(&needs, &sources, wanted);
    let read = beside_tasks(bound, unread(bound), reading).await?;
    Ok(config.clone().with_contents(Some(Arc::new(read.contents))))
}

/// Returns the failure of a config whose files have not been read in time.
pub(super) fn unread(bound: Duration) -> Failure {
    let what = format!("what the config refers to could not be read in time ({bound:?})");
    Failure::new(Cause::Unavailable, what)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::resolve;
    use crate::config::ComponentConfig;
    use crate::settings::Settings;
    use crate::transport::contents::sources::Sources;
    use crate::transport::file_gate::alone;

    /// Returns how many threads of this process read for somebody.
    fn readers() -> usize {
        let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
        let names =
            threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
        names
            .filter(|name| name.starts_with("redis-component"))
            .count()
    }

    #[tokio::test]
    async fn r10_a_secret_file_that_hangs_keeps_no_thread_for_each_connect() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "S3cret").unwrap();
        let json = serde_json::json!({"host": "h", "password": {"file": &path}});
        let config = ComponentConfig::from_json(&json.to_string()).unwrap();
        let sources = Sources::new(&Settings::default());
        let (begun, hangs) = channel();
        let (frees, freed) = channel::<()>();
        // As a thread that reads the file from a disk that does not answer.
        let stuck = thread::spawn(move || {
            let work = || {
                begun.send(()).unwrap();
                freed.recv().unwrap();
                Ok(())
            };
            alone(&path, work).unwrap();
        });
        hangs.recv().unwrap();
        for _ in 0..20 {
            let bound = Duration::from_millis(100);
            let failure = resolve(&config, &sources, bound).await.unwrap_err();
            assert!(failure.message.contains("read"), "{}", failure.message);
        }
        let patience = Instant::now() + Duration::from_secs(60);
        while readers() > 0 {
            assert!(Instant::now() < patience, "{} threads are left", readers());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        frees.send(()).unwrap();
        stuck.join().unwrap();
        let bound = Duration::from_secs(60);
        assert!(resolve(&config, &sources, bound).await.is_ok());
    }
}
