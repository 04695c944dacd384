//! Charts, as SVG without a background: their colours can be read on a light page and on a dark one.

mod axis;
mod bars;
pub(crate) mod data;
mod labels;
mod lines;
mod svg;

use std::path::Path;

use self::data::Lines;
use crate::failure::Failure;

/// A chart of figures.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) file: &'static str,
    pub(crate) title: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A line for each name.
    Lines(Lines),
    /// A bar for each name.
    Bars {
        unit: &'static str,
        bars: Vec<(String, f64)>,
    },
}

impl Chart {
    pub(crate) fn draw(&self, folder: &Path) -> Result<(), Failure> {
        let text = match &self.kind {
            Kind::Lines(lines) => lines::draw(&self.title, lines),
            Kind::Bars { unit, bars } => bars::draw(&self.title, unit, bars),
        };
        Ok(std::fs::write(folder.join(self.file), text)?)
    }
}
