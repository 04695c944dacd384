use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostics::diagnostic::{Advice, AdviceKind, Diagnostic, Label};

/// Renders diagnostics as rustc does, without colours, because a build script's output is not a
/// terminal.
///
/// `prefix` is put before the files' paths.
pub(super) fn report(diagnostics: &[Diagnostic], prefix: &str) -> String {
    let renderer = Renderer::plain();
    let mut report = String::new();
    for diagnostic in diagnostics {
        report.push_str(&renderer.render(&groups(diagnostic, prefix)));
        report.push_str("\n\n");
    }
    report.push_str("note: reported by redis-components-build");
    report
}

fn groups<'a>(diagnostic: &'a Diagnostic, prefix: &str) -> Vec<Group<'a>> {
    let mut last = Level::ERROR
        .primary_title(&diagnostic.message)
        .elements(snippets(&diagnostic.labels, prefix));
    let mut groups = Vec::new();
    for advice in &diagnostic.advice {
        match &advice.spot {
            None => last = last.element(level(advice).message(&advice.text)),
            Some(spot) => {
                let snippet = Snippet::source(&spot.file.text)
                    .path(format!("{prefix}{}", spot.file.path))
                    .annotation(AnnotationKind::Context.span(spot.range.clone()));
                let group = level(advice).secondary_title(&advice.text).element(snippet);
                groups.push(std::mem::replace(&mut last, group));
            }
        }
    }
    groups.push(last);
    groups
}

fn level(advice: &Advice) -> Level<'static> {
    match advice.kind {
        AdviceKind::Help => Level::HELP,
        AdviceKind::Note => Level::NOTE,
    }
}

/// Returns one snippet per file, in the order of the labels.
fn snippets<'a>(labels: &'a [Label], prefix: &str) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut files: Vec<(&Label, Vec<&Label>)> = Vec::new();
    for label in labels {
        let known = files
            .iter_mut()
            .find(|(first, _)| Arc::ptr_eq(&first.spot.file, &label.spot.file));
        match known {
            Some((_, labels)) => labels.push(label),
            None => files.push((label, vec![label])),
        }
    }
    files
        .into_iter()
        .map(|(first, labels)| {
            let file = &first.spot.file;
            Snippet::source(&file.text)
                .path(format!("{prefix}{}", file.path))
                .annotations(labels.into_iter().map(annotation))
        })
        .collect()
}

fn annotation(label: &Label) -> Annotation<'_> {
    let kind = if label.primary {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    kind.span(label.spot.range.clone()).label(&label.text)
}
