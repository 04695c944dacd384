//! Many components in use, and what they cost this process.

use std::time::{Duration, Instant};

use redis_components::Component;
use serde::{Deserialize, Serialize};

use crate::contestants::world::World;
use crate::declared;
use crate::failure::Failure;

/// How many components connect at once.
const AT_ONCE: usize = 64;

const GIVEN_UP_AFTER: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// What it cost to connect components.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Connected {
    pub(crate) nanoseconds: u64,
    /// Of the process, before and after. None if the system does not tell.
    pub(crate) resident: Option<[u64; 2]>,
    /// The time of the processor that the process has used for it.
    pub(crate) processor: Option<Duration>,
}

/// Connects the first `components` of those that are declared for this measurement.
pub(crate) fn measure(world: &World, components: usize) -> Result<Connected, Failure> {
    let declared = declared::components(components);
    let (resident, processor) = (resident_bytes(), processor_time());
    let begun = Instant::now();
    world.runtime.block_on(async {
        let tasks: Vec<_> = (0..AT_ONCE.min(components))
            .map(|task| {
                let mine = declared.iter().skip(task).step_by(AT_ONCE);
                let mine: Vec<_> = mine.copied().collect();
                tokio::spawn(async move {
                    for component in mine {
                        connect(component, begun).await?;
                    }
                    Ok::<_, redis_components::Error>(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok::<_, Failure>(())
    })?;
    let elapsed = begun.elapsed();
    Ok(Connected {
        nanoseconds: u64::try_from(elapsed.as_nanos())?,
        resident: resident.zip(resident_bytes()).map(<[u64; 2]>::from),
        processor: processor
            .zip(processor_time())
            .map(|(before, after)| after.saturating_sub(before)),
    })
}

/// Connects a component. Of a hundred processes that begin at the same moment, some find the cores
/// busy for longer than a connect may take, and try again.
async fn connect(component: &Component, begun: Instant) -> Result<(), redis_components::Error> {
    loop {
        match component.connection().await {
            Ok(_) => return Ok(()),
            Err(error) if begun.elapsed() > GIVEN_UP_AFTER => return Err(error),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Returns the memory of this process, on Linux.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Returns the time of the processor that this process has used, on Linux.
fn processor_time() -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        let first: u64 = text.split_whitespace().next()?.parse().ok()?;
        nanoseconds += first;
    }
    Some(Duration::from_nanos(nanoseconds))
}
