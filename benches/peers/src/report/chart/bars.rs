//! A chart of bars.

use super::data::Tone;
use super::svg::Svg;
use crate::report::table::number;

const WIDTH: f64 = 900.0;
const ROW: f64 = 26.0;
const TOP: f64 = 44.0;
const LEFT: f64 = 270.0;
const LONGEST: f64 = 520.0;

pub(super) fn draw(title: &str, unit: &str, bars: &[(String, f64)]) -> String {
    let rows = u32::try_from(bars.len()).map_or(0.0, f64::from);
    let height = ROW.mul_add(rows, TOP + 12.0);
    let mut svg = Svg::new(WIDTH, height, &format!("{title} ({unit})"));
    let highest = bars.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let mut top = TOP;
    for (name, value) in bars {
        let tone = match Tone::of(name) {
            Tone::OursAlso => Tone::Ours,
            tone => tone,
        };
        let length = (value / highest * LONGEST).max(1.0);
        svg.bar((LEFT, top), (length, ROW - 8.0), tone);
        svg.name(12.0, top + 13.0, tone, name);
        svg.name(LEFT + length + 6.0, top + 13.0, tone, &number(*value));
        top += ROW;
    }
    svg.end()
}
