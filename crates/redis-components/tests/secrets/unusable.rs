//! References that cannot be resolved.

use redis::{RedisError, RetryMethod};
use redis_components::{
    Component, ComponentConfig, Error, ErrorKind, Policy, Settings, set_config,
};
use serde_json::json;

use crate::common::{
    World, always_fresh, arrives, patient, until, whereabouts, whereabouts_blocking, with,
};
use crate::secret_file::{Mount, add_password, app_config};
use crate::{generation, log, problem};

#[tokio::test]
async fn r5_a_reference_that_cannot_be_resolved_leaves_the_last_good_config_in_force() {
    log::listen();
    let world = World::start();
    let mount = Mount::new();
    let logs = always_fresh("unresolved");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.set(logs, &app_config(&world.b, &mount, "late"));
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(generation(), 1);
            let problem = problem().unwrap();
            assert!(problem.contains("`password` names the file"), "{problem}");
            let path = mount.path("late");
            let path = path.to_str().unwrap();
            log::is_told(&["server cannot be used", "unresolved", path]).await;
            // Found as soon as it is there.
            add_password(&world.b, "S3cret");
            mount.write("late", "S3cret");
            arrives(logs, "b").await;
            assert_eq!(crate::problem(), None);
        })
        .await;
}

#[tokio::test]
async fn r11_a_secret_that_the_policy_forbids_is_not_read() {
    let world = World::start();
    let mount = Mount::new();
    let folder = mount.path("allowed");
    std::fs::create_dir(&folder).unwrap();
    for name in ["outside", "allowed/inside"] {
        mount.write(name, "S3cret");
    }
    std::os::unix::fs::symlink(mount.path("outside"), folder.join("link")).unwrap();
    add_password(&world.a, "S3cret");
    let policy = || {
        Policy::new()
            .allow_secret_files_under(mount.path("allowed"))
            .allow_secret_variables("REDIS_*")
    };
    let logs = always_fresh("logs");
    let config = |password: &serde_json::Value| {
        let login = json!({"username": "app", "password": password});
        with(&world.a.config(), &login)
    };
    for (password, advice) in [
        (
            mount.reference("outside"),
            "Policy::allow_secret_files_under",
        ),
        (
            mount.reference("allowed/link"),
            "Policy::allow_secret_files_under",
        ),
        (
            mount.reference("allowed/../outside"),
            "Policy::allow_secret_files_under",
        ),
        (json!({"env": "PATH"}), "Policy::allow_secret_variables"),
    ] {
        world.set(logs, &config(&password));
        let works = async {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ForbiddenByPolicy, "{error}");
            assert!(error.to_string().contains(advice), "{error}");
            // What is allowed is used.
            world.set(logs, &config(&mount.reference("allowed/inside")));
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        };
        world.settings().policy(policy()).scope(works).await;
    }
    let variable = json!({"env": "REDIS_COMPONENTS_NO_SUCH_VARIABLE"});
    world.set(logs, &config(&variable));
    let works = async {
        let error = logs.connection().await.unwrap_err();
        assert!(error.to_string().contains("is not set"), "{error}");
    };
    world.settings().policy(policy()).scope(works).await;
}

/// A program that retries by what redis-rs says of an error.
fn is_worth_a_retry(error: &Error) -> bool {
    let method = RedisError::from(error.clone()).retry_method();
    !matches!(method, RetryMethod::NoRetry)
}

#[tokio::test]
async fn r5_a_secret_that_is_missing_for_a_moment_is_no_fault_of_the_config() {
    let world = World::start();
    let mount = Mount::new();
    add_password(&world.a, "S3cret");
    let logs = always_fresh("logs");
    world.set(logs, &app_config(&world.a, &mount, "late"));
    world
        .settings()
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert!(is_worth_a_retry(&error), "{error:?}");
            // It comes right by itself, and nobody changes the config.
            mount.write("late", "S3cret");
            arrives_after_errors(logs, "a").await;
            // What the process lacks is there only when it starts anew.
            let variable = json!({"password": {"env": "REDIS_COMPONENTS_NO_SUCH_VARIABLE"}});
            let other = always_fresh("other");
            world.set(other, &with(&world.a.config(), &variable));
            let error = other.connection().await.unwrap_err();
            assert!(!is_worth_a_retry(&error), "{error:?}");
        })
        .await;
}

#[tokio::test]
async fn r5_a_secret_of_the_config_server_that_is_missing_is_told_from_a_server_that_is_down() {
    let world = World::start();
    let mount = Mount::new();
    add_password(&world.config, "S3cret");
    let config_server = |password: &serde_json::Value| {
        let login = json!({"username": "app", "password": password});
        patient(Settings::new(with(&world.config.config(), &login)))
    };
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    config_server(&mount.reference("late"))
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ReferenceUnavailable, "{error}");
            assert!(is_worth_a_retry(&error), "{error:?}");
            let config = ComponentConfig::new("h");
            let error = set_config(logs, &config).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ReferenceUnavailable, "{error}");
            mount.write("late", "S3cret");
            arrives_after_errors(logs, "a").await;
        })
        .await;
    config_server(&json!({"provider": "nobody"}))
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Settings, "{error}");
            assert!(!is_worth_a_retry(&error), "{error:?}");
        })
        .await;
    // What the process lacks for one of several says nothing of the others.
    let servers = [json!({"provider": "nobody"}), json!("wrong")].map(|password| {
        let login = json!({"username": "app", "password": password});
        with(&world.config.config(), &login)
    });
    patient(Settings::new(format!("[{}]", servers.join(","))))
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigServerRefused, "{error}");
        })
        .await;
}

async fn arrives_after_errors(component: &Component, name: &str) {
    until("it is used", async || {
        whereabouts(component)
            .await
            .is_ok_and(|found| found == name)
    })
    .await;
}

#[tokio::test]
async fn r5_a_component_whose_first_secret_is_missing_gets_a_typed_error() {
    let world = World::start();
    let mount = Mount::new();
    mount.write("empty", "");
    mount.write("binary", "S3cret");
    std::fs::write(mount.path("binary"), b"S3cret\xff").unwrap();
    let unavailable = ErrorKind::ReferenceUnavailable;
    for (password, reason, kind) in [
        (
            json!({"env": "REDIS_COMPONENTS_NO_SUCH_VARIABLE"}),
            "NO_SUCH_VARIABLE, which is not set",
            ErrorKind::ConfigInvalid,
        ),
        (mount.reference("none"), "which cannot be read", unavailable),
        (mount.reference("empty"), "which is empty", unavailable),
        (mount.reference("binary"), "which is not UTF-8", unavailable),
    ] {
        let config = with(&world.a.config(), &json!({"password": password}));
        let logs = always_fresh("logs");
        world.set(logs, &config);
        let fixed = patient(Settings::fixed([("logs", config)]));
        for settings in [world.settings(), fixed] {
            let of_thread = settings.clone();
            settings
                .scope(async {
                    let error = logs.connection().await.unwrap_err();
                    assert_eq!(error.kind(), kind, "{error}");
                    let text = format!("{error} {error:?}");
                    assert!(
                        text.contains("`password`") && text.contains(reason),
                        "{text}"
                    );
                    assert!(!text.contains("S3cret"), "{text}");
                })
                .await;
            let error = of_thread.scope_blocking(|| whereabouts_blocking(logs));
            assert_eq!(error.unwrap_err().kind(), kind);
        }
    }
}
