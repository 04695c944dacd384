//! A file with a password, and a server with a user of that password.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use redis_components_testing::Server;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::with;

/// The folder in which secrets are mounted.
pub(crate) struct Mount(TempDir);

impl Mount {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file where it is.
    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Puts a new file in the place of the old one.
    pub(crate) fn replace(&self, name: &str, content: &str) {
        let new = self.path(".new");
        fs::write(&new, content).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    /// Mounts a version of all files as Kubernetes does: each is a link through `..data`, which is
    /// a link to the folder of the version, and is replaced by another link.
    pub(crate) fn mount(&self, version: &str, files: &[(&str, &str)]) {
        let before = fs::read_link(self.path("..data")).ok();
        let folder = self.path(&format!("..{version}"));
        fs::create_dir(&folder).unwrap();
        for (name, content) in files {
            fs::write(folder.join(name), content).unwrap();
            if before.is_none() {
                symlink(Path::new("..data").join(name), self.path(name)).unwrap();
            }
        }
        symlink(&folder, self.path("..data_tmp")).unwrap();
        fs::rename(self.path("..data_tmp"), self.path("..data")).unwrap();
        if let Some(before) = before {
            fs::remove_dir_all(before).unwrap();
        }
    }

    pub(crate) fn reference(&self, name: &str) -> Value {
        json!({"file": self.path(name)})
    }
}

/// The config of the server with the user `app`, whose password is in that file.
pub(crate) fn app_config(server: &Server, mount: &Mount, name: &str) -> String {
    let login = json!({"username": "app", "password": mount.reference(name)});
    with(&server.config(), &login)
}

/// Lets `app` log in with this password too.
pub(crate) fn add_password(server: &Server, password: &str) {
    let password = format!(">{password}");
    let user = [
        "ACL", "SETUSER", "app", "on", "~*", "&*", "+@all", &password,
    ];
    server.command(&user);
}

/// Lets `app` no longer log in with this password.
pub(crate) fn remove_password(server: &Server, password: &str) {
    server.command(&["ACL", "SETUSER", "app", &format!("<{password}")]);
}
