//! A link to a server binary, with the name `redis-server`.

use std::io;
use std::path::{Path, PathBuf};

/// Makes `<folder>/redis-server` a link to the binary and returns its path. A link to another
/// binary is replaced.
pub(crate) fn named_redis_server(binary: &Path, folder: &Path) -> io::Result<PathBuf> {
    let link = folder.join("redis-server");
    if std::fs::read_link(&link).is_ok_and(|target| target == binary) {
        return Ok(link);
    }
    std::fs::create_dir_all(folder)?;
    // A rename, so that another run at the same time never finds the link missing.
    let fresh = folder.join(format!(".redis-server-{}", std::process::id()));
    std::os::unix::fs::symlink(binary, &fresh)?;
    std::fs::rename(&fresh, &link)?;
    Ok(link)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::named_redis_server;

    #[test]
    fn a_link_is_made_kept_and_replaced() {
        let folder = std::env::temp_dir().join(format!("xtask-link-{}", std::process::id()));
        for binary in ["/bin/one", "/bin/one", "/bin/other"] {
            let link = named_redis_server(Path::new(binary), &folder).unwrap();
            assert_eq!(link, folder.join("redis-server"));
            assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(binary));
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
