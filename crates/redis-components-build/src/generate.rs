//! The stages, in their order. Text in, text and diagnostics out.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use crate::attributes::links::linked_names;
use crate::carry::imports::Imports;
use crate::diagnostics::Diagnostics;
use crate::emit::module::{Function, Module};
use crate::error::Error;
use crate::files::{Files, Recorder};
use crate::find::found::Found;
use crate::find::listed::find;
use crate::lints::{Forbidden, Surroundings};
use crate::manifest::source_path::SourcePath;
use crate::modules::clashes;
use crate::modules::root::Root;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::options::Options;
use crate::output::Output;
use crate::package::Package;
use crate::resolve::public::View;
use crate::resolve::resolver::Resolver;
use crate::runtime::Runtime;
use crate::signature::Wrapper;
use crate::source::attributes::allowed_lints;
use crate::source::nesting::STACK;
use crate::{attributes, emit, features, manifest, signature};

const DEPRECATED: &str = "deprecated";

/// The result of the stages for a manifest.
pub(crate) struct Generated {
    pub(crate) text: String,
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) errors: Option<Error>,
    /// One text per source that does not parse. The wrappers of that source are missing.
    pub(crate) warnings: Vec<String>,
    /// One text per listed function that calls a command which its connection refuses. No wrapper
    /// is missing for it.
    pub(crate) hints: Vec<String>,
}

impl Generated {
    pub(crate) fn into_result(self) -> Result<Output, Error> {
        match self.errors {
            Some(error) => Err(error),
            None => {
                let warnings = self.warnings.into_iter().chain(self.hints).collect();
                Ok(Output::new(self.text, self.inputs, warnings))
            }
        }
    }
}

/// Runs all stages on the manifest at `path`, on a stack that is enough for every source.
pub(crate) fn generate(options: &Options, path: &Path, files: &(dyn Files + Sync)) -> Generated {
    let here = || on_this_stack(options, path, files);
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK);
        match builder.spawn_scoped(scope, here) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => here(),
        }
    })
}

fn on_this_stack(options: &Options, path: &Path, files: &dyn Files) -> Generated {
    let files = Recorder::new(files);
    let mut diagnostics = Diagnostics::default();
    let text = run(options, path, &files, &mut diagnostics);
    let shown = diagnostics.finish(&options.prefix);
    Generated {
        text,
        inputs: files.into_paths(),
        errors: shown.report.map(Error::new),
        warnings: shown.warnings,
        hints: shown.hints,
    }
}

fn run(options: &Options, path: &Path, files: &dyn Files, diagnostics: &mut Diagnostics) -> String {
    let runtime = Runtime::parse(&options.runtime_path, diagnostics);
    let package = Package::read(files);
    let Some(manifest) = manifest::read(path, files, package.has_file_list, diagnostics) else {
        return String::new();
    };
    let root = Root::find(options, &package, files, diagnostics);
    let mut sources = Sources::new(files, root, package.edition, &options.out_file);
    sources.has_file_list = package.has_file_list;
    clashes::check(
        &manifest.components,
        runtime.crate_name().as_deref(),
        &package,
        &mut sources,
        diagnostics,
    );
    features::check(&manifest.components, &package, diagnostics);
    let surroundings = surroundings(options, &package, &mut sources);
    let name = path.file_name().map(|name| name.to_string_lossy());
    let mut output = emit::Output::new(
        &name.unwrap_or_default(),
        &manifest.config_server,
        &manifest.components,
        &surroundings,
        &runtime,
    );
    let mut resolver = Resolver::new(sources);
    for component in &manifest.components {
        let mut module = Module::new(component);
        let path = component
            .source
            .as_ref()
            .map(|path| resolver.sources.actual(path));
        if let Some(path) = &path
            && component.functions.is_empty()
        {
            // With listed functions, `load` reports a missing file first.
            if resolver.sources.module_of(path).is_none() {
                diagnostics.error(path.not_a_module());
            }
        } else if let Some(path) = &path
            && let Some(source) = resolver.sources.load(component, path, diagnostics)
        {
            let scopes = resolver.sources.place(path, source, diagnostics);
            fill(
                &mut module,
                path,
                &scopes,
                &mut resolver,
                &surroundings,
                &runtime,
                diagnostics,
            );
        }
        // All modules at once would take many times the memory.
        output.add(module);
    }
    resolver.sources.report(diagnostics);
    output.into_text()
}

/// Returns the facts about the place of the generated modules that the later stages need.
fn surroundings(options: &Options, package: &Package, sources: &mut Sources<'_>) -> Surroundings {
    let mut forbidden = Forbidden::default();
    forbidden.extend(package.forbidden.iter().chain(&options.forbidden).cloned());
    if let Some(root) = sources.root_scope() {
        forbidden.extend_from_attributes(&root.source.attributes);
        let mut around = vec![root];
        for name in sources.root.place.iter().flat_map(|place| &place.modules) {
            for item in around.iter().flat_map(|scope| scope.declarations(name)) {
                forbidden.extend_from_attributes(&item.attrs);
            }
            around = around.iter().flat_map(|scope| scope.inline(name)).collect();
        }
    }
    let root = &sources.root;
    let is_exposed = root.place.as_ref().is_some_and(|place| place.is_public);
    Surroundings {
        forbidden,
        is_exposed: is_exposed && root.target.is_library,
    }
}

/// Adds a component's wrappers and the items that their signatures need.
fn fill(
    module: &mut Module<'_>,
    path: &SourcePath,
    scopes: &[Scope],
    resolver: &mut Resolver<'_>,
    surroundings: &Surroundings,
    runtime: &Runtime,
    diagnostics: &mut Diagnostics,
) {
    let mut links = Vec::new();
    let mut resolved = module.names();
    let own = resolved.clone();
    for function in &module.component.functions {
        for found in find(function, path, scopes, resolver, diagnostics) {
            let name = &module.component.name;
            signature::hint::check(name, function, &found, resolver, diagnostics);
            for wrapper in signature::plan(function, &found, &own, resolver, runtime, diagnostics) {
                if !found.is_foreign {
                    resolved.extend(wrapper.mentions.names.iter().cloned());
                }
                let names = add(module, &found, wrapper, surroundings);
                links.push((found.scope.clone(), found.module.clone(), names));
            }
        }
    }
    for (scope, caller, mut names) in links {
        names.retain(|name| resolved.insert(name.clone()));
        let view = View {
            scope: &scope,
            caller: &caller,
            conditions: &[],
        };
        module.import(Imports::of_links(view, names, resolver));
    }
    module.tidy();
}

/// Adds a wrapper with the items that its signature needs. Returns the names that its documentation
/// links.
fn add(
    module: &mut Module<'_>,
    found: &Found,
    mut wrapper: Wrapper,
    surroundings: &Surroundings,
) -> BTreeSet<String> {
    let attributes = attributes::of(found, &wrapper, surroundings);
    let imports = std::mem::take(&mut wrapper.imports);
    let names = linked_names(&attributes.docs);
    module.allow(&found.scope.allows);
    let allowed = allowed_lints(&found.item.attrs);
    if imports.is_deprecated || allowed.contains(DEPRECATED) {
        // The import of a deprecated type trips the lint outside of the wrapper.
        module.allow(&BTreeSet::from([DEPRECATED.to_owned()]));
    }
    module.add(Function {
        attributes,
        is_conditional: !wrapper.cfg.is_empty() || attributes::is_conditional(found),
        is_public: found.is_public && imports.are_all_public,
        module: found.module.clone(),
        wrapper,
    });
    module.import(imports);
    names
}
