//! Files that are refused, or cannot be written. None of them takes anything down.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use redis_components::{ErrorKind, status};
use rustix::process::geteuid;

use crate::Scene;
use crate::common::{HOUR, declare, until, whereabouts};

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Writes the file at once. The watch before may still save, and would take an empty file for one
/// that it may fill.
fn put(path: &Path, content: &[u8]) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    mode(&new, 0o600);
    fs::rename(new, path).unwrap();
}

/// A file as it is written, with the config of `logs` on `a`.
async fn good(scene: &Scene) -> Vec<u8> {
    let logs = declare("logs", HOUR);
    scene.world.move_to(logs, &scene.world.a);
    let saved = async {
        whereabouts(logs).await.unwrap();
        scene.is_saved(&scene.world.a.config()).await;
    };
    scene.settings().scope(saved).await;
    fs::read(scene.path()).unwrap()
}

/// The file is told to be of no use, with these words, while calls go on; a process that starts
/// without the config server fails, with these words too.
async fn is_refused(scene: &Scene, path: PathBuf, words: &[&str]) {
    let logs = declare("logs", HOUR);
    let works = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        until("it is told", async || {
            status().components[0].warning.is_some()
        })
        .await;
        let warning = status().components[0].warning.clone().unwrap();
        for word in words {
            assert!(warning.contains(word), "{word}: {warning}");
        }
        assert_eq!(status().components[0].problem, None);
        // It does no harm to calls.
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
    };
    scene.settings_with(path.clone()).scope(works).await;

    scene.cut_off();
    let starts = async {
        let error = logs.connection().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);
        let told = error.to_string();
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
        error
    };
    scene.settings_with(path).scope(starts).await;
    scene.proxy.pass();
}

#[tokio::test]
async fn r8_a_file_that_others_can_read_or_write_is_refused_until_it_is_mended() {
    let scene = Scene::start();
    let good = good(&scene).await;
    let chmod = format!("chmod 600 {}", scene.path().display());
    for others in [0o604, 0o640, 0o602, 0o620, 0o666] {
        mode(&scene.path(), others);
        is_refused(&scene, scene.path(), &[&chmod]).await;
        let found = fs::metadata(scene.path()).unwrap().permissions().mode();
        assert_eq!(found & 0o777, others, "it is left as it is");
        assert_eq!(fs::read(scene.path()).unwrap(), good);
    }
    // It is used as soon as it is mended.
    let logs = declare("logs", HOUR);
    scene.cut_off();
    let mended = async {
        assert!(logs.connection().await.is_err());
        mode(&scene.path(), 0o600);
        until("the file is used", async || {
            let name = whereabouts(logs).await;
            name.is_ok_and(|name| name == "a")
        })
        .await;
        assert_eq!(status().components[0].warning, None);
    };
    scene.settings().scope(mended).await;
}

#[tokio::test]
async fn r5_what_is_no_file_of_last_good_configs_is_refused_and_left_alone() {
    let scene = Scene::start();
    let good = good(&scene).await;
    let torn = &good[..good.len() / 2];
    let huge = vec![b' '; 5 * 1024 * 1024];
    let other = br#"{"password": "S3CR3T-7f"}"#;
    for (content, words) in [
        (torn, "it is no file of last good configs"),
        (other, "it is no file of last good configs"),
        (b"\0\xff\0", "it is no file of last good configs"),
        (&huge, "longer than 4194304 bytes"),
    ] {
        put(&scene.path(), content);
        is_refused(&scene, scene.path(), &[words, "name another file"]).await;
        assert_eq!(fs::read(scene.path()).unwrap(), content);
    }

    fs::remove_file(scene.path()).unwrap();
    let pipe = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(
        rustix::fs::CWD,
        scene.path(),
        rustix::fs::FileType::Fifo,
        pipe,
        0,
    )
    .unwrap();
    is_refused(&scene, scene.path(), &["no regular file"]).await;
    fs::remove_file(scene.path()).unwrap();
    fs::create_dir(scene.path()).unwrap();
    is_refused(&scene, scene.path(), &["no regular file"]).await;
}

#[tokio::test]
async fn r5_a_folder_that_cannot_be_written_takes_nothing_down() {
    let scene = Scene::start();
    good(&scene).await;
    let missing = scene.folder.path().join("missing/last-good.json");
    is_refused(&scene, missing, &["cannot be found", "create it"]).await;

    let logs = declare("logs", HOUR);
    // Root may write everywhere but into the kernel's own files.
    let read_only = if geteuid().is_root() {
        PathBuf::from("/proc")
    } else {
        mode(scene.folder.path(), 0o500);
        scene.folder.path().to_owned()
    };
    let works = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        until("it is told", async || {
            let warning = status().components[0].warning.clone();
            warning.is_some_and(|warning| warning.contains("cannot be written"))
        })
        .await;
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
    };
    let path = read_only.join("other.json");
    scene.settings_with(path).scope(works).await;
    mode(scene.folder.path(), 0o700);
}

#[tokio::test]
async fn r8_links_are_followed_but_not_into_the_folders_of_others() {
    let scene = Scene::start();
    good(&scene).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let (real, link) = (
        elsewhere.path().join("real.json"),
        elsewhere.path().join("link.json"),
    );
    fs::copy(scene.path(), &real).unwrap();
    mode(&real, 0o600);
    symlink(&real, &link).unwrap();
    let logs = declare("logs", HOUR);
    scene.cut_off();
    let through_link = scene.settings_with(link.clone()).scope(whereabouts(logs));
    assert_eq!(through_link.await.unwrap(), "a");
    scene.proxy.pass();

    // A change is written where the link leads, and the link stays.
    scene.world.move_to(logs, &scene.world.b);
    let written = async {
        assert_eq!(whereabouts(logs).await.unwrap(), "b");
        let port = scene.world.b.port().to_string();
        until("it is written", async || {
            fs::read_to_string(&real).unwrap().contains(&port)
        })
        .await;
    };
    scene.settings_with(link.clone()).scope(written).await;
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    scene.world.move_to(logs, &scene.world.a);

    let nowhere = elsewhere.path().join("nowhere.json");
    symlink(elsewhere.path().join("gone.json"), &nowhere).unwrap();
    is_refused(&scene, nowhere, &["leads to no file"]).await;

    // Only root can give things away.
    if geteuid().is_root() {
        let theirs = tempfile::tempdir().unwrap();
        let file = theirs.path().join("last-good.json");
        fs::copy(scene.path(), &file).unwrap();
        mode(&file, 0o600);
        chown(theirs.path(), Some(1234), None).unwrap();
        let into_theirs = elsewhere.path().join("into.json");
        symlink(&file, &into_theirs).unwrap();
        is_refused(&scene, into_theirs, &["belongs to another user"]).await;
        is_refused(&scene, file.clone(), &["belongs to another user"]).await;

        let their_link = elsewhere.path().join("theirs.json");
        symlink(&real, &their_link).unwrap();
        std::os::unix::fs::lchown(&their_link, Some(1234), None).unwrap();
        is_refused(&scene, their_link, &["link that belongs to another user"]).await;

        chown(scene.path(), Some(1234), None).unwrap();
        is_refused(&scene, scene.path(), &["belongs to another user"]).await;
    }
}
