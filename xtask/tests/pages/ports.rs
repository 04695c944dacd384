//! Free ports in the place of those on a page.

use std::collections::BTreeMap;
use std::net::TcpListener;

/// The port of a page, and the free one.
#[derive(Debug)]
pub(crate) struct Ports(BTreeMap<String, String>);

impl Ports {
    /// Finds a free port for each number of a page that may be one: those of Redis, and 8080.
    pub(crate) fn of(page: &str) -> Self {
        let mut listeners = Vec::new();
        let mut ports = BTreeMap::new();
        for number in page.split(|c: char| !c.is_ascii_digit()) {
            let is_port = number == "8080" || (number.len() == 4 && number.starts_with("63"));
            if is_port && !ports.contains_key(number) {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let free = listener.local_addr().unwrap().port().to_string();
                ports.insert(number.to_owned(), free);
                // All are kept until each has its own.
                listeners.push(listener);
            }
        }
        Self(ports)
    }

    /// Writes the free ports in the place of the page's.
    pub(crate) fn put_into(&self, text: &str) -> String {
        replaced(text, |number| self.0.get(number).map(String::as_str))
    }

    /// Writes the page's ports in the place of the free ones.
    pub(crate) fn take_out(&self, text: &str) -> String {
        let of = |number: &str| self.0.iter().find(|(_, free)| *free == number);
        replaced(text, |number| of(number).map(|(page, _)| page.as_str()))
    }
}

/// Replaces whole numbers.
fn replaced<'a>(text: &str, with: impl Fn(&str) -> Option<&'a str>) -> String {
    let parts = text
        .as_bytes()
        .chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit());
    let parts = parts.map(|part| std::str::from_utf8(part).unwrap());
    parts.map(|part| with(part).unwrap_or(part)).collect()
}

#[test]
fn whole_numbers_are_replaced_and_come_back() {
    let page = "redis://127.0.0.1:6379 and -p 6380, 16379 … 8080";
    let ports = Ports::of(page);
    let put = ports.put_into(page);
    assert!(!put.contains(":6379") && put.contains("16379 …"), "{put}");
    assert_eq!(ports.take_out(&put), page);
}
