//! The elements of a chart.

use std::fmt::{Display, Write};

use super::data::Tone;

const FONT: &str = "system-ui, sans-serif";

/// Words: as far from white as from the black of a dark page, with a contrast of more than four to both.
const INK: &str = "#707c89";
const GRID: &str = "#8b949e";
const OURS: &str = "#2f81f7";
const BARE: &str = "#e0700f";
const OTHERS: &str = "#8b949e";

/// A drawing that grows.
pub(super) struct Svg {
    text: String,
}

/// Which part of a text is at its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Tone {
    pub(super) fn colour(self) -> &'static str {
        match self {
            Self::Ours | Self::OursAlso => OURS,
            Self::Bare | Self::BareAlso => BARE,
            Self::Other => OTHERS,
        }
    }

    fn stroke(self) -> &'static str {
        match self {
            Self::Ours | Self::Bare => r#"stroke-width="2.5""#,
            Self::OursAlso | Self::BareAlso => r#"stroke-width="2" stroke-dasharray="6 4""#,
            Self::Other => r#"stroke-width="1.25""#,
        }
    }
}

impl Svg {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let title = escaped(title);
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"{FONT}\" role=\"img\" aria-label=\"{title}\">\n"
        );
        let mut svg = Self { text };
        svg.sized(12.0, 24.0, Anchor::Start, 17, INK, &title);
        svg
    }

    pub(super) fn end(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    /// Writes a text in the colour of axes.
    pub(super) fn note(&mut self, x: f64, y: f64, anchor: Anchor, text: &str) {
        self.sized(x, y, anchor, 12, INK, &escaped(text));
    }

    /// Writes the name of something that is drawn.
    pub(super) fn name(&mut self, x: f64, y: f64, tone: Tone, text: &str) {
        let colour = match tone {
            Tone::Other => INK,
            _ => tone.colour(),
        };
        self.sized(x, y, Anchor::Start, 13, colour, &escaped(text));
    }

    pub(super) fn grid(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.element(format_args!(
            r#"<path d="M{} {}L{} {}" stroke="{GRID}" stroke-opacity="0.35" fill="none"/>"#,
            round(from.0),
            round(from.1),
            round(to.0),
            round(to.1)
        ));
    }

    /// Fills what lies between a line and the height `bottom`.
    pub(super) fn area(&mut self, points: &[(f64, f64)], bottom: f64, tone: Tone) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return;
        };
        let mut path = path(points);
        let _ = write!(
            path,
            "L{} {bottom}L{} {bottom}Z",
            round(last.0),
            round(first.0)
        );
        let colour = tone.colour();
        self.element(format_args!(
            r#"<path d="{path}" fill="{colour}" fill-opacity="0.25"/>"#
        ));
    }

    pub(super) fn line(&mut self, points: &[(f64, f64)], tone: Tone) {
        let path = path(points);
        let (colour, stroke) = (tone.colour(), tone.stroke());
        self.element(format_args!(
            r#"<path d="{path}" stroke="{colour}" {stroke} stroke-linejoin="round" fill="none"/>"#
        ));
    }

    pub(super) fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), tone: Tone) {
        let [x, y, width, height] = [x, y, width, height].map(round);
        let colour = tone.colour();
        self.element(format_args!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2" fill="{colour}"/>"#
        ));
    }

    fn sized(&mut self, x: f64, y: f64, anchor: Anchor, size: u32, colour: &str, escaped: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let [x, y] = [x, y].map(round);
        self.element(format_args!(
            r#"<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escaped}</text>"#
        ));
    }

    fn element(&mut self, element: impl Display) {
        let _ = writeln!(self.text, "{element}");
    }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (number, (x, y)) in points.iter().enumerate() {
        let step = if number == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{step}{} {}", round(*x), round(*y));
    }
    path
}

/// Returns a place with a tenth of a pixel.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
