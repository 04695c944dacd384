use fastrand::Rng;

use crate::package::Package;
use crate::text::{any, fragment, tokens};

/// Makes a package: of text that is nothing in particular, or of golden cases with changes.
pub(crate) fn package(packages: &[Package], random: &mut Rng) -> Package {
    match random.u8(..10) {
        0 => Package::of(any(random), any(random)),
        1 => written(random),
        _ => mutated(packages, random),
    }
}

/// A manifest and a source that are right but for the text in some places.
fn written(random: &mut Rng) -> Package {
    let name = if random.bool() {
        "read".to_owned()
    } else {
        any(random)
    };
    let (doc, key, before) = (any(random), any(random), any(random));
    let (parameters, returned, body) = (any(random), any(random), any(random));
    let arrow = if random.bool() { "-> " } else { "" };
    Package::of(
        format!("[components.logs]\nfunctions = [{name:?}]\ndoc = {doc:?}\nkey = {key:?}\n"),
        format!(
            "{before}\n/// {doc}\npub fn {name}(c: C, {parameters}) {arrow}{returned} {{ {body} }}"
        ),
    )
}

fn mutated(packages: &[Package], random: &mut Rng) -> Package {
    let mut package = packages[random.usize(..packages.len())].clone();
    let paths: Vec<String> = package.files.keys().cloned().collect();
    for _ in 0..random.usize(1..3) {
        let path = &paths[random.usize(..paths.len())];
        let other = &packages[random.usize(..packages.len())];
        let other = random.choice(other.files.values()).unwrap();
        let changed = changed(&package.files[path], other, random);
        package.files.insert(path.clone(), changed);
    }
    package
}

/// Changes a text in a few places, with pieces of another one.
fn changed(text: &str, other: &str, random: &mut Rng) -> String {
    let mut tokens: Vec<String> = tokens(text).into_iter().map(str::to_owned).collect();
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=tokens.len());
        let end = (at + random.usize(..6)).min(tokens.len());
        match random.u8(..7) {
            0 => drop(tokens.drain(at..end)),
            1 => {
                let copied = tokens[at..end].to_vec();
                let to = random.usize(..=tokens.len());
                tokens.splice(to..to, copied);
            }
            2 if at < end => tokens.swap(at, random.usize(..end)),
            3 => {
                let piece = piece(other, random);
                tokens.splice(at..end, piece);
            }
            4 => drop(tokens.splice(at..end, [any(random)])),
            // Names of the text itself mean more than others.
            5 if at < end => {
                let copied = tokens[random.usize(..tokens.len())].clone();
                tokens[at] = copied;
            }
            _ => tokens.insert(at, fragment(random).to_owned()),
        }
    }
    tokens.concat()
}

fn piece(other: &str, random: &mut Rng) -> Vec<String> {
    let tokens = tokens(other);
    let start = random.usize(..=tokens.len());
    let end = (start + random.usize(..40)).min(tokens.len());
    tokens[start..end]
        .iter()
        .map(|token| (*token).to_owned())
        .collect()
}
