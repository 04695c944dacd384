//! The machine's package managers: which are there, and what they are told.

/// A package manager that has a Redis server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PackageManager {
    AptGet,
    Dnf,
    Apk,
    Brew,
}

/// How commands that change the machine are run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Privilege {
    Root,
    Sudo,
    /// Nobody is there to type one: sudo fails where it would ask.
    SudoWithoutPassword,
    None,
}

impl PackageManager {
    /// All, in the order in which they are tried.
    pub(crate) const ALL: [Self; 4] = [Self::AptGet, Self::Dnf, Self::Apk, Self::Brew];

    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::AptGet => "apt-get",
            Self::Dnf => "dnf",
            Self::Apk => "apk",
            Self::Brew => "brew",
        }
    }

    /// The packages that hold a server, in the order in which they are tried.
    pub(crate) fn server_packages(self) -> [&'static str; 2] {
        match self {
            // `redis-server` would start a service; the tools hold the same binary under another
            // name.
            Self::AptGet => ["redis-tools", "valkey-tools"],
            // These start no service by being installed.
            Self::Dnf | Self::Apk | Self::Brew => ["redis", "valkey"],
        }
    }

    /// The package that holds a Python 3 which can make virtual environments.
    pub(crate) fn python_packages(self) -> [&'static str; 1] {
        match self {
            Self::AptGet => ["python3-venv"],
            Self::Dnf | Self::Apk => ["python3"],
            Self::Brew => ["python"],
        }
    }

    /// The package that holds a Chromium.
    pub(crate) fn browser_packages(self) -> [&'static str; 1] {
        match self {
            Self::AptGet | Self::Dnf | Self::Apk | Self::Brew => ["chromium"],
        }
    }

    /// The command that brings the list of packages up to date, where installing does not.
    pub(crate) fn update(self, privilege: Privilege) -> Option<Vec<&'static str>> {
        (self == Self::AptGet).then(|| self.command(privilege, &["update"]))
    }

    pub(crate) fn install(self, privilege: Privilege, package: &'static str) -> Vec<&'static str> {
        match self {
            Self::AptGet => {
                let words = ["install", "-y", "--no-install-recommends", package];
                self.command(privilege, &words)
            }
            Self::Dnf => self.command(privilege, &["install", "-y", package]),
            Self::Apk => self.command(privilege, &["add", "--no-cache", package]),
            Self::Brew => self.command(privilege, &["install", package]),
        }
    }

    /// Returns `true` if the package manager works with this privilege.
    pub(crate) fn allowed(self, privilege: Privilege) -> bool {
        match self {
            Self::Brew => privilege != Privilege::Root,
            _ => privilege != Privilege::None,
        }
    }

    fn command(self, privilege: Privilege, words: &[&'static str]) -> Vec<&'static str> {
        let mut command = Vec::new();
        if self != Self::Brew {
            command.extend(match privilege {
                Privilege::Sudo => &["sudo"][..],
                Privilege::SudoWithoutPassword => &["sudo", "-n"],
                Privilege::Root | Privilege::None => &[],
            });
        }
        if self == Self::AptGet {
            // Behind sudo, which does not pass the environment on.
            command.extend(["env", "DEBIAN_FRONTEND=noninteractive"]);
        }
        command.push(self.program());
        command.extend(words);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::PackageManager::{Apk, AptGet, Brew, Dnf};
    use super::Privilege;

    #[test]
    fn apt_get_asks_nothing_and_installs_no_service() {
        assert_eq!(
            AptGet
                .install(Privilege::Root, AptGet.server_packages()[0])
                .join(" "),
            "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-tools"
        );
        assert_eq!(
            AptGet.update(Privilege::Root).unwrap_or_default().join(" "),
            "env DEBIAN_FRONTEND=noninteractive apt-get update"
        );
    }

    #[test]
    fn sudo_comes_first_where_it_is_needed_and_never_for_brew() {
        let commands = [AptGet, Dnf, Apk, Brew]
            .map(|manager| manager.install(Privilege::Sudo, "redis").join(" "));
        assert_eq!(
            commands,
            [
                "sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis",
                "sudo dnf install -y redis",
                "sudo apk add --no-cache redis",
                "brew install redis",
            ]
        );
    }

    #[test]
    fn system_packages_need_root_and_brew_refuses_it() {
        assert!(!Dnf.allowed(Privilege::None));
        let alone = Privilege::SudoWithoutPassword;
        assert_eq!(Apk.install(alone, "redis")[..3], ["sudo", "-n", "apk"]);
        assert!(Dnf.allowed(Privilege::Sudo) && Dnf.allowed(Privilege::Root));
        assert!(Brew.allowed(Privilege::None) && Brew.allowed(Privilege::Sudo));
        assert!(!Brew.allowed(Privilege::Root));
    }
}
