//! Package managers and their commands.

/// A package manager that knows a Redis server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PackageManager {
    AptGet,
    Dnf,
    Apk,
    Brew,
}

/// How to run commands that change the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Privilege {
    Root,
    Sudo,
    /// Without a user to type a password: sudo fails instead of asking.
    SudoWithoutPassword,
    None,
}

impl PackageManager {
    /// All package managers, in the order of preference.
    pub(crate) const ALL: [Self; 4] = [Self::AptGet, Self::Dnf, Self::Apk, Self::Brew];

    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::AptGet => "apt-get",
            Self::Dnf => "dnf",
            Self::Apk => "apk",
            Self::Brew => "brew",
        }
    }

    /// Returns the packages with a server, in the order of preference.
    pub(crate) fn server_packages(self) -> [&'static str; 2] {
        match self {
            // `redis-server` would start a service. The tools contain the same binary under another
            // name.
            Self::AptGet => ["redis-tools", "valkey-tools"],
            // Installing these starts no service.
            Self::Dnf | Self::Apk | Self::Brew => ["redis", "valkey"],
        }
    }

    /// Returns the package with a Python 3 that can make virtual environments.
    pub(crate) fn python_packages(self) -> [&'static str; 1] {
        match self {
            Self::AptGet => ["python3-venv"],
            Self::Dnf | Self::Apk => ["python3"],
            Self::Brew => ["python"],
        }
    }

    /// Returns the package with a Chromium.
    pub(crate) fn browser_packages(self) -> [&'static str; 1] {
        match self {
            Self::AptGet | Self::Dnf | Self::Apk | Self::Brew => ["chromium"],
        }
    }

    /// Returns the package with a promtool.
    pub(crate) fn prometheus_packages(self) -> [&'static str; 1] {
        match self {
            Self::AptGet | Self::Apk | Self::Brew => ["prometheus"],
            Self::Dnf => ["golang-github-prometheus"],
        }
    }

    /// Returns the command that updates the list of packages, if installing does not.
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
            // Behind sudo, which drops the environment.
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
    fn sudo_comes_first_if_needed_and_never_for_brew() {
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
