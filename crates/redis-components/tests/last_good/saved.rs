//! What is saved, and when.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use redis_components::{ComponentConfig, set_config, status};
use redis_components_testing::Server;

use crate::Scene;
use crate::common::{HOUR, arrives, config_with, declare, of_key, until, whereabouts};

#[tokio::test]
async fn r8_only_the_owner_may_read_the_file_and_it_keeps_the_text_of_the_config() {
    let scene = Scene::start();
    let logs = declare("logs", HOUR);
    let (a, b) = (&scene.world.a, &scene.world.b);
    let written = format!(
        "{{ \"x-note\": \"é\",\n\"host\": \"127.0.0.1\", \"port\": {} }}",
        a.port()
    );
    scene.world.set(logs, &written);
    let saved = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        let as_json = serde_json::to_string(&written).unwrap();
        until("it is saved", async || scene.text().contains(&as_json)).await;
        let mode = fs::metadata(scene.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        // The same config in other words, as when a password is replaced by a reference.
        let again = config_with(a.port(), r#""comment": "moved out of clear text""#);
        scene.world.set(logs, &again);
        scene.is_saved("moved out of clear text").await;
        assert!(!scene.text().contains("x-note"), "{}", scene.text());
        assert_eq!(
            status().components[0].current.as_ref().unwrap().generation,
            1
        );

        scene.world.move_to(logs, b);
        arrives(logs, "b").await;
        scene.is_saved(&b.config()).await;
        let mode = fs::metadata(scene.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    };
    scene.settings().scope(saved).await;
    let mut files: Vec<_> = fs::read_dir(scene.folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, [".last-good.json.lock", "last-good.json"]);
}

#[tokio::test]
async fn r5_a_config_whose_server_cannot_be_reached_does_not_replace_the_last_good_one() {
    let scene = Scene::start();
    let logs = declare("logs", Duration::from_millis(100));
    let locks = declare("locks", HOUR);
    let gone = Server::start();
    let config_of_gone = gone.config();
    gone.stop();
    scene.world.move_to(logs, &scene.world.a);
    let follows = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        scene.is_saved(&scene.world.a.config()).await;
        scene.world.set(logs, &config_of_gone);
        until("it cannot be used", async || {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            status()
                .components
                .iter()
                .any(|logs| logs.problem.is_some())
        })
        .await;
        // Something else is saved after it.
        scene.world.move_to(locks, &scene.world.b);
        assert_eq!(whereabouts(locks).await.unwrap(), "b");
        scene.is_saved(&scene.world.b.config()).await;
    };
    scene.settings().scope(follows).await;
    assert!(!scene.text().contains(&gone.port().to_string()));
    scene.cut_off();
    let again = scene.settings().scope(whereabouts(logs)).await;
    assert_eq!(again.unwrap(), "a");
}

#[tokio::test]
async fn r5_many_changes_are_saved_together() {
    const CHANGES: u64 = 400;
    let scene = Scene::start();
    let logs = declare("logs", HOUR);
    scene.world.move_to(logs, &scene.world.a);
    let writes = async {
        whereabouts(logs).await.unwrap();
        scene.is_saved(&scene.world.a.config()).await;
        let (mut seen, mut replaced) = (inode(&scene), 0);
        let config = ComponentConfig::from_json(&scene.world.a.config()).unwrap();
        for number in 0..CHANGES {
            let pool = usize::try_from(number + 1).unwrap();
            let config = config_with(
                scene.world.a.port(),
                &format!(r#""max_connections":{pool}"#),
            );
            let config = ComponentConfig::from_json(&config).unwrap();
            set_config(logs, &config).await.unwrap();
            whereabouts(logs).await.unwrap();
            replaced += u64::from(std::mem::replace(&mut seen, inode(&scene)) != seen);
        }
        set_config(logs, &config).await.unwrap();
        scene.is_saved(&config.to_json()).await;
        assert!(
            replaced < CHANGES / 4,
            "{replaced} writes for {CHANGES} changes"
        );
    };
    scene.settings().scope(writes).await;
}

/// Each write makes another file.
fn inode(scene: &Scene) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(scene.path()).unwrap().ino()
}

#[tokio::test]
async fn r5_a_writer_that_was_killed_leaves_nothing_in_the_way() {
    let scene = Scene::start();
    let logs = declare("logs", HOUR);
    scene.world.move_to(logs, &scene.world.a);
    fs::write(scene.folder.path().join(".last-good.json.new"), "{\"form").unwrap();
    fs::write(scene.folder.path().join(".last-good.json.lock"), "").unwrap();
    let saved = async {
        whereabouts(logs).await.unwrap();
        scene.is_saved(&scene.world.a.config()).await;
    };
    scene.settings().scope(saved).await;
    assert!(!scene.folder.path().join(".last-good.json.new").exists());
}

#[tokio::test]
async fn r5_a_shutdown_saves_what_has_come_into_force() {
    let scene = Scene::start();
    let logs = declare("logs", HOUR);
    scene.world.move_to(logs, &scene.world.a);
    let ended = async {
        whereabouts(logs).await.unwrap();
        scene.is_saved(&scene.world.a.config()).await;
        scene.world.move_to(logs, &scene.world.b);
        arrives(logs, "b").await;
        redis_components::shutdown(Duration::from_secs(1))
            .await
            .unwrap();
    };
    scene.settings().scope(ended).await;
    scene.is_saved(&scene.world.b.config()).await;
}

#[tokio::test]
async fn r5_a_canarys_config_is_not_saved_for_processes_outside_of_it() {
    let scene = Scene::start();
    let world = &scene.world;
    let logs = declare("logs", Duration::from_millis(100));
    let locks = declare("locks", HOUR);
    world.move_to(logs, &world.a);
    let canary = format!(
        r#"{{"canary": {{"logs": {{"config": {}, "percent": 100}}}}}}"#,
        world.b.config()
    );
    let follows = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        scene.is_saved(&world.a.config()).await;
        world
            .config
            .command(&["SET", "config:redis:@fleet", &canary]);
        arrives(logs, "b").await;
        // Something else is saved after it.
        let of_locks = config_with(world.a.port(), r#""comment": "of locks""#);
        world.set(locks, &of_locks);
        assert_eq!(whereabouts(locks).await.unwrap(), "a");
        scene.is_saved(&of_locks).await;
    };
    scene.settings().scope(follows).await;
    assert!(!scene.text().contains(&world.b.port().to_string()));
    scene.cut_off();
    let again = scene.settings().scope(whereabouts(logs)).await;
    assert_eq!(again.unwrap(), "a");
}

#[tokio::test]
async fn r5_a_canary_that_becomes_the_config_of_all_is_saved() {
    let scene = Scene::start();
    let world = &scene.world;
    let logs = declare("logs", Duration::from_millis(100));
    world.move_to(logs, &world.a);
    let canary = format!(
        r#"{{"canary": {{"logs": {{"config": {}, "percent": 100}}}}}}"#,
        world.b.config()
    );
    let follows = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        world
            .config
            .command(&["SET", "config:redis:@fleet", &canary]);
        arrives(logs, "b").await;
        world.move_to(logs, &world.b);
        world.config.command(&["DEL", "config:redis:@fleet"]);
        scene.is_saved(&world.b.config()).await;
    };
    scene.settings().scope(follows).await;
}

#[tokio::test]
async fn r5_a_canary_of_one_component_saves_no_older_config_for_another_with_its_key() {
    let scene = Scene::start();
    let world = &scene.world;
    let [first, second] = ["first", "second"].map(|name| of_key(name, "config:shared"));
    let locks = declare("locks", HOUR);
    world.move_to(first, &world.a);
    let canary = format!(
        r#"{{"canary": {{"first": {{"config": {}, "percent": 100}}}}}}"#,
        world.b.config()
    );
    let newest = config_with(world.a.port(), r#""comment": "newest", "db": 1"#);
    let follows = async {
        for component in [first, second] {
            assert_eq!(whereabouts(component).await.unwrap(), "a");
        }
        world
            .config
            .command(&["SET", "config:redis:@fleet", &canary]);
        arrives(first, "b").await;
        world.a.command(&["COPY", "name", "name", "DB", "1"]);
        world.set(second, &newest);
        until("it is in force", async || {
            whereabouts(second).await.unwrap();
            scene.text().contains("newest")
        })
        .await;
        // Each save looks at all keys again.
        for number in 0..3 {
            let of_locks = config_with(world.a.port(), &format!(r#""comment": "{number}""#));
            world.set(locks, &of_locks);
            assert_eq!(whereabouts(locks).await.unwrap(), "a");
            scene.is_saved(&of_locks).await;
            assert!(scene.text().contains("newest"), "{}", scene.text());
        }
    };
    scene.settings().scope(follows).await;
}

#[tokio::test]
async fn r5_a_component_that_runs_is_left_alone_when_another_with_its_key_starts_on_the_file() {
    let scene = Scene::start();
    let world = &scene.world;
    let [first, second] = ["first", "second"].map(|name| of_key(name, "config:shared"));
    world.move_to(first, &world.a);
    let canary = format!(
        r#"{{"canary": {{"first": {{"config": {}, "percent": 100}}}}}}"#,
        world.b.config()
    );
    let follows = async {
        assert_eq!(whereabouts(first).await.unwrap(), "a");
        scene.is_saved(&world.a.config()).await;
        world
            .config
            .command(&["SET", "config:redis:@fleet", &canary]);
        arrives(first, "b").await;
        scene.cut_off();
        assert_eq!(whereabouts(second).await.unwrap(), "a");
        assert_eq!(whereabouts(first).await.unwrap(), "b");
        let components = redis_components::status().components;
        let of = |name| components.iter().find(|shown| shown.component == name);
        assert!(of("second").unwrap().last_good.is_some());
        assert!(of("first").unwrap().last_good.is_none());
    };
    scene.settings().scope(follows).await;
}
