use crate::package::Package;

/// Checks that every place of a report is one of the package's files.
pub(crate) fn check(report: &str, package: &Package) {
    assert!(report.starts_with("error"), "{report}");
    for line in report.lines() {
        let line = line.trim_start();
        let Some(place) = line
            .strip_prefix("--> ")
            .or_else(|| line.strip_prefix("::: "))
        else {
            continue;
        };
        let mut parts = place.rsplitn(3, ':');
        let column: usize = parts.next().unwrap().parse().unwrap();
        let number: usize = parts.next().unwrap().parse().unwrap();
        let path = parts.next().unwrap();
        let Some(text) = package.files.get(path) else {
            panic!("{path} is not there:\n{report}");
        };
        let line = text
            .split('\n')
            .nth(number - 1)
            .unwrap_or_else(|| panic!("{report}"));
        // The end of a line is a place as well, and the end of the text behind its last one.
        assert!(column <= line.chars().count() + 2, "{column}:\n{report}");
    }
}
