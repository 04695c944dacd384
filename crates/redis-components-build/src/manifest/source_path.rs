use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::{Spot, quoted};
use crate::files::joined;
use crate::manifest::table::{Table, Text};
use crate::module_path::ModulePath;

/// The file with a component's functions, and its module in the crate.
#[derive(Clone)]
pub(crate) struct SourcePath {
    /// The path relative to the package, with `/`.
    pub(crate) file: String,
    /// The module, if the manifest names it.
    pub(crate) module: Option<ModulePath>,
    /// The place at which the manifest names the module.
    pub(crate) module_spot: Option<Spot>,
    /// The place at which the manifest names the file, or else the component.
    pub(crate) spot: Spot,
    pub(crate) is_default: bool,
}

/// Reads `source` and `module`. Returns `None` if they do not say which file has the functions.
pub(super) fn read(
    component: &Text<'_>,
    table: &Table<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<SourcePath> {
    let source = table.text("source", diagnostics);
    let module = table.text("module", diagnostics);
    if table.get("source").is_some() && source.is_none() {
        return None;
    }
    let is_default = source.is_none();
    let (file, spot) = match source {
        Some(text) => (check(&text, diagnostics)?, text.spot),
        None => {
            let file = format!("src/functions/{}.rs", component.value);
            (file, component.spot.clone())
        }
    };
    let module_spot = module.as_ref().map(|text| text.spot.clone());
    let module = match module {
        Some(text) => Some(parse_module(&text, diagnostics)?),
        None => None,
    };
    Some(SourcePath {
        file,
        module,
        module_spot,
        spot,
        is_default,
    })
}

/// Checks that a path stays in the package, and normalizes it.
fn check(source: &Text<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let mut problem = |message: String, label: &str| {
        let help = "name a file of this package, such as \"src/functions/logs.rs\"";
        diagnostics.error(Diagnostic::error(message, &source.spot, label).help(help));
    };
    let path = source.value.replace('\\', "/");
    let quoted = quoted(&path);
    if path.is_empty() || path.contains('\0') {
        problem(format!("{quoted} is not a path"), "not a path");
        return None;
    }
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || has_drive {
        problem(
            format!("the source {quoted} is an absolute path"),
            "has to be relative to the package",
        );
        return None;
    }
    let joined = joined("", &path);
    if joined.is_none() {
        let message = format!("the source {quoted} leaves the package");
        problem(message, "outside of the package");
    }
    joined
}

fn parse_module(text: &Text<'_>, diagnostics: &mut Diagnostics) -> Option<ModulePath> {
    let module = ModulePath::parse(text.value);
    if module.is_none() {
        let message = format!("{} is not the path of a module", quoted(text.value));
        diagnostics.error(
            Diagnostic::error(
                message,
                &text.spot,
                "expected a path that begins with `crate`",
            )
            .help("for example \"crate::functions::logs\""),
        );
    }
    module
}

impl SourcePath {
    /// Returns an error for a file whose module is unknown.
    pub(crate) fn not_a_module(&self) -> Diagnostic {
        let message = format!("cannot tell which module {} is", quoted(&self.file));
        let label = "not where a `mod` item looks for a file";
        Diagnostic::error(message, &self.spot, label)
            .help("name the module with `module = \"crate::…\"` beside `source`")
    }
}
