//! Where a secret may stand, and where it is never shown.

use std::env;

use redis_components::{ComponentConfig, Settings, get_config, status};
#[cfg(feature = "sentinel")]
use redis_components_testing::Sentinels;
use redis_components_testing::Server;
use serde_json::json;

use crate::common::{
    HOUR, World, always_fresh, declare, patient, until, whereabouts, whereabouts_blocking, with,
};
use crate::secret_file::{Mount, add_password, app_config, remove_password};

/// A variable that every process has.
const VARIABLE: &str = "PATH";

#[tokio::test]
async fn r8_a_login_may_stand_in_files_and_in_the_environment() {
    let world = World::start();
    let mount = Mount::new();
    mount.write("user", "app\n");
    mount.write("password", "S3cret");
    add_password(&world.a, "S3cret");
    world.a.command(&[
        "ACL",
        "SETUSER",
        "app",
        &format!(">{}", env::var(VARIABLE).unwrap()),
    ]);
    let user = mount.reference("user");
    for (username, password) in [
        (json!("app"), mount.reference("password")),
        (user.clone(), mount.reference("password")),
        (user.clone(), json!("S3cret")),
        (user, json!({"env": VARIABLE})),
    ] {
        let logs = always_fresh("logs");
        let login = json!({"username": username, "password": password});
        let text = with(&world.a.config(), &login);
        world.set(logs, &text);
        world
            .settings()
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a", "{text}");
                assert_eq!(whereabouts_blocking(logs).unwrap(), "a", "{text}");
                let clients = format!("{:?}", world.a.command(&["CLIENT", "LIST"]));
                assert!(clients.contains("user=app"), "{clients}");
                let written = ComponentConfig::from_json(&text).unwrap();
                let got = get_config(logs).await.unwrap();
                assert_eq!(got, written);
                assert_eq!(got.to_json(), written.to_json());
                let current = status().components[0].current.clone().unwrap();
                assert!(current.has_password);
                assert_eq!(current.digest, written.digest(""));
                if username.is_object() {
                    let path = mount.path("user");
                    assert_eq!(
                        current.username.unwrap(),
                        format!("the file {}", path.display())
                    );
                }
            })
            .await;
    }
}

#[tokio::test]
async fn r14_a_config_with_its_secrets_has_the_digest_of_what_they_are() {
    let mount = Mount::new();
    mount.write("one", "S3cret\n");
    mount.write("two", "S3cret");
    mount.write("three", "0ther");
    let config = |name| {
        let text = json!({"host": "h", "password": mount.reference(name)}).to_string();
        ComponentConfig::from_json(&text).unwrap()
    };
    let settings = Settings::default();
    let here = ComponentConfig::new("h").password("S3cret").digest("salt");
    for (name, is_same) in [("one", true), ("two", true), ("three", false)] {
        let resolved = config(name).resolve(&settings).await.unwrap();
        assert_eq!(resolved.digest("salt") == here, is_same, "{name}");
        assert_eq!(resolved.to_json(), config(name).to_json());
        let shown = format!("{resolved:?}");
        assert!(!shown.contains("S3cret") && shown.contains(name), "{shown}");
    }
    let error = config("none").resolve(&settings).await.unwrap_err();
    assert!(
        error.to_string().contains("`password` names the file"),
        "{error}"
    );
}

#[tokio::test]
async fn r8_the_last_good_file_keeps_the_reference_and_starts_with_what_is_there_now() {
    let world = World::start();
    let mount = Mount::new();
    mount.write("password", "S3cret");
    add_password(&world.a, "S3cret");
    let logs = declare("logs", HOUR);
    world.set(logs, &app_config(&world.a, &mount, "password"));
    let file = mount.path("last-good.json");
    let settings = || {
        let settings = world.default_settings().last_good_file(&file);
        settings.response_timeout(crate::common::SOON)
    };
    let saved = || std::fs::read_to_string(&file).unwrap_or_default();
    settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            until("the config is saved", async || saved().contains("logs")).await;
        })
        .await;
    assert!(saved().contains("\\\"file\\\""), "{}", saved());
    assert!(!saved().contains("S3cret"), "{}", saved());
    add_password(&world.a, "an0ther");
    remove_password(&world.a, "S3cret");
    mount.write("password", "an0ther");
    world.config.stop();
    settings()
        .scope(async {
            until("it starts from the file", async || {
                whereabouts(logs).await.is_ok_and(|name| name == "a")
            })
            .await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_the_config_servers_own_password_is_rotated() {
    let world = World::start();
    let mount = Mount::new();
    mount.write("password", "pw-0");
    add_password(&world.config, "pw-0");
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let config_server = app_config(&world.config, &mount, "password");
    patient(Settings::new(config_server))
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world
                .config
                .command(&["ACL", "SETUSER", "app", "resetpass"]);
            add_password(&world.config, "pw-1");
            mount.write("password", "pw-1");
            world.config.command(&["CLIENT", "KILL", "USER", "app"]);
            world.move_to(logs, &world.b);
            until("the config server is read again", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
        })
        .await;
}

#[cfg(feature = "sentinel")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_the_login_to_sentinels_may_stand_in_files() {
    let config = Server::start();
    let rights = ["&*", "+@all"];
    let world = Sentinels::builder()
        .sentinel_user("app", "S3cret", &rights)
        .start();
    let mount = Mount::new();
    mount.write("user", "app");
    mount.write("password", "S3cret\n");
    let logs = declare("logs", HOUR);
    let login = json!({
        "sentinel_username": mount.reference("user"),
        "sentinel_password": mount.reference("password"),
    });
    config.command(&["SET", logs.key(), &with(&world.config(), &login)]);
    patient(Settings::new(config.url()))
        .scope(async {
            assert_eq!(crate::common::count(logs).await.unwrap(), 1);
        })
        .await;
}
