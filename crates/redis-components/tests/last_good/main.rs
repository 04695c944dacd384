//! R5 at the start: the file of last good configs.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod permissions;
mod processes;
mod saved;
mod sets;
mod starts;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use redis_components::{Settings, status};
use redis_components_testing::Proxy;
use tempfile::TempDir;

use common::{HOUR, World, patient, until};

/// Ten times the time that a config server has to answer in these tests.
const STARTS: Duration = Duration::from_secs(20);
/// The time that a config server has to answer.
const ANSWERS: Duration = Duration::from_secs(2);

/// Servers, a config server that can be unreachable, and a file of last good configs.
struct Scene {
    world: World,
    proxy: Proxy,
    folder: TempDir,
}

impl Scene {
    fn start() -> Self {
        let world = World::start();
        let proxy = Proxy::to(&world.config);
        let folder = tempfile::tempdir().unwrap();
        Self {
            world,
            proxy,
            folder,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("last-good.json")
    }

    /// The settings of a process that starts. Each scope is one.
    fn settings(&self) -> Settings {
        self.settings_with(self.path())
    }

    fn settings_with(&self, path: PathBuf) -> Settings {
        patient(Settings::new(self.proxy.url()))
            .connect_timeout(ANSWERS)
            .last_good_file(path)
    }

    /// Nobody reaches the config server any more.
    fn cut_off(&self) {
        self.proxy.refuse();
        self.proxy.cut();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap_or_default()
    }

    /// Waits until the file holds the text, as JSON shows it in a string.
    async fn is_saved(&self, text: &str) {
        let text = text.replace('"', "\\\"");
        until("the config is saved", async || self.text().contains(&text)).await;
    }
}

/// Whether the only component runs on the file.
fn is_from_file() -> bool {
    status().components[0].last_good.is_some()
}
