//! Several processes that share a file.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis_components::{Component, Settings, status};
use redis_components_testing::Server;

use crate::Scene;
use crate::common::{declare, patient, until, whereabouts};

/// Says which component a process calls.
const COMPONENT: &str = "REDIS_COMPONENTS_TEST_COMPONENT";
/// Changes that two processes make at once.
const ROUNDS: usize = 30;

/// Another process of this test, which calls a component until it is told to end.
struct Process(Child);

impl Process {
    fn start(component: &str, scene: &Scene) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("processes::process_that_calls")
            .env(COMPONENT, component)
            .env("REDIS_CONFIG_URL", scene.proxy.url())
            .env("REDIS_COMPONENTS_LAST_GOOD", scene.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors say that it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "the other tests start it, as a process of its own"]
fn process_that_calls() {
    let component: &'static str = env::var(COMPONENT).unwrap().leak();
    let component = declare(component, Duration::from_millis(20));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        patient(Settings::default()).install().unwrap();
        loop {
            let name = whereabouts(component).await.unwrap();
            // The server learns who has found it.
            let on_server = component.connection().await;
            let mut connection = on_server.unwrap();
            let found = redis::cmd("SET")
                .arg(format!("found:{}", component.name()))
                .arg(format!(
                    "{name} {}",
                    status().components[0].last_good.is_some()
                ))
                .exec_async(&mut connection)
                .await;
            found.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

/// What a process last found on a server.
fn found(server: &Server, component: &Component) -> Option<String> {
    let key = format!("found:{}", component.name());
    redis::from_redis_value(server.command(&["GETDEL", &key])).unwrap()
}

async fn is_found(server: &Server, component: &Component, what: &str) {
    until(what, async || {
        found(server, component).as_deref() == Some(what)
    })
    .await;
}

#[tokio::test]
async fn r5_two_processes_share_a_file_and_neither_tears_it_nor_loses_what_the_other_wrote() {
    let scene = Scene::start();
    let (a, b) = (&scene.world.a, &scene.world.b);
    let (logs, locks) = (
        declare("logs", Duration::ZERO),
        declare("locks", Duration::ZERO),
    );
    for component in [logs, locks] {
        scene.world.move_to(component, a);
    }
    let processes = [
        Process::start("logs", &scene),
        Process::start("locks", &scene),
    ];
    for component in [logs, locks] {
        is_found(a, component, "a false").await;
    }
    until("both have saved", async || {
        let text = scene.text();
        text.contains(logs.key()) && text.contains(locks.key())
    })
    .await;

    let mut whole = 0;
    for round in 0..ROUNDS {
        let server = [b, a][round % 2];
        let name = ["b false", "a false"][round % 2];
        for component in [logs, locks] {
            scene.world.move_to(component, server);
        }
        for component in [logs, locks] {
            until(name, async || {
                let text = fs::read(scene.path()).unwrap();
                let parsed: serde_json::Value = serde_json::from_slice(&text).unwrap();
                assert_eq!(parsed["configs"].as_array().unwrap().len(), 2);
                let mode = fs::metadata(scene.path()).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
                whole += 1;
                found(server, component).as_deref() == Some(name)
            })
            .await;
        }
    }
    println!("figure: read while two processes wrote: {whole} times, whole each time");
    until("both have saved where they are", async || {
        let parsed: serde_json::Value = serde_json::from_str(&scene.text()).unwrap();
        let configs = parsed["configs"].as_array().unwrap();
        configs.iter().all(|entry| entry["config"] == a.config())
    })
    .await;

    // Each process has put its own there, and each would start.
    drop(processes);
    scene.cut_off();
    let _processes = [
        Process::start("logs", &scene),
        Process::start("locks", &scene),
    ];
    for component in [logs, locks] {
        is_found(a, component, "a true").await;
    }
    for component in [logs, locks] {
        scene.world.move_to(component, b);
    }
    scene.proxy.pass();
    for component in [logs, locks] {
        is_found(b, component, "b false").await;
    }
}
