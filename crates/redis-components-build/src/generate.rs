//! The stages, one after the other. Text in, text and diagnostics out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::diagnostics::Diagnostics;
use crate::files::{Files, Recorder};
use crate::source::{Loaded, Sources};
use crate::{Config, Error, Output, attributes, emit, manifest, signature, source};

/// What the stages made of a manifest.
pub(crate) struct Generated {
    pub(crate) text: String,
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) errors: Option<Error>,
    /// One per source that does not parse, and whose wrappers are therefore missing.
    pub(crate) warnings: Vec<String>,
}

impl Generated {
    pub(crate) fn into_result(self) -> Result<Output, Error> {
        match self.errors {
            Some(error) => Err(error),
            None => Ok(Output::new(self.text, self.inputs, self.warnings)),
        }
    }
}

/// Runs all stages on the manifest at `path`.
pub(crate) fn generate(config: &Config, path: &Path, files: &dyn Files) -> Generated {
    let files = Recorder::new(files);
    let mut diagnostics = Diagnostics::default();
    let text = run(config, path, &files, &mut diagnostics);
    let (report, warnings) = diagnostics.finish();
    Generated {
        text,
        inputs: files.into_paths(),
        errors: report.map(Error::new),
        warnings,
    }
}

fn run(config: &Config, path: &Path, files: &dyn Files, diagnostics: &mut Diagnostics) -> String {
    let runtime = emit::runtime_path(config.runtime(), diagnostics);
    let Some(manifest) = manifest::read(path, files, diagnostics) else {
        return String::new();
    };
    let mut sources = Sources::new(files);
    let modules: Vec<emit::Module<'_>> = manifest
        .components
        .iter()
        .map(|component| {
            let mut module = emit::Module::new(component);
            if let Some(path) = &component.source
                && let Loaded::Parsed(source) = sources.load(component, path, diagnostics)
            {
                fill(&mut module, path, &source, &runtime, diagnostics);
            }
            module
        })
        .collect();
    let name = path.file_name().map(|name| name.to_string_lossy());
    emit::file(
        &name.unwrap_or_default(),
        manifest.config_server.as_deref(),
        &modules,
        &runtime,
    )
}

/// Adds a component's wrappers and what their signatures need.
fn fill<'a>(
    module: &mut emit::Module<'a>,
    path: &'a manifest::SourcePath,
    source: &source::Source,
    runtime: &proc_macro2::TokenStream,
    diagnostics: &mut Diagnostics,
) {
    module.allow(&source.allows);
    let mut links = BTreeSet::new();
    let mut resolved = module.names();
    for function in &module.component.functions {
        for item in source::find(function, path, source, diagnostics) {
            let Some(wrapper) = signature::plan(function, item, path, source, runtime, diagnostics)
            else {
                continue;
            };
            let imports = source::Imports::of(source, &path.module, &wrapper.mentions);
            imports.report_hidden(function, source, diagnostics);
            let attributes = attributes::of(item, &wrapper);
            links.extend(attributes::links(&attributes.docs));
            resolved.extend(wrapper.mentions.names.iter().cloned());
            module.add(emit::Function {
                attributes,
                is_conditional: attributes::is_conditional(item),
                is_public: source::is_public(&item.vis) && imports.are_all_public,
                path,
                wrapper,
            });
            module.import(imports);
        }
    }
    let links = links.difference(&resolved).cloned().collect();
    module.import(source::Imports::of_links(source, &path.module, links));
}
