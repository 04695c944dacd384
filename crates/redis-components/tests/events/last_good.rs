//! The file of last good configs, as operators see it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use redis_components::Settings;

use crate::common::{World, declare, patient, until, whereabouts};
use crate::log::{is_told, lines, listen};

#[tokio::test]
async fn r5_a_config_that_stands_in_and_a_file_that_is_refused_are_told_once() {
    listen();
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.json");
    let path = file.display().to_string();
    let kept = declare("kept", Duration::from_millis(20));
    let settings = || patient(Settings::new(world.config.url())).last_good_file(&file);
    world.move_to(kept, &world.a);
    let saves = async {
        whereabouts(kept).await.unwrap();
        until("it is saved", async || file.exists()).await;
    };
    settings().scope(saves).await;

    world.config.stop();
    let starts = async {
        for _ in 0..100 {
            assert_eq!(whereabouts(kept).await.unwrap(), "a");
        }
        is_told(&["last good config stands in", kept.key(), &path]).await;
    };
    settings().scope(starts).await;
    fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let refused = async {
        for _ in 0..10 {
            assert!(kept.connection().await.is_err());
        }
        is_told(&["last-good file cannot be used", &path, "chmod 600"]).await;
    };
    settings().scope(refused).await;
    for told in [
        "last good config stands in",
        "last-good file cannot be used",
    ] {
        let told = lines(&[told, &path]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("WARN"), "{told:?}");
    }
}
