//! A chart of lines.

use super::axis::round_numbers;
use super::data::{Lines, Tone};
use super::labels::places;
use super::svg::{Anchor, Svg};
use crate::report::table::number;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 424.0;
/// The distance of a label from the end of its line.
const BESIDE: f64 = 22.0;
/// Half of the height of small letters.
const MIDDLE: f64 = 4.0;

pub(super) fn draw(title: &str, chart: &Lines) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT, title);
    let points = || chart.lines.iter().flat_map(|line| &line.points);
    let highest = points().map(|(_, y)| *y).fold(0.0, f64::max) * 1.04;
    let at = |x: f64| if chart.is_logarithmic { x.log10() } else { x };
    let first = points().map(|(x, _)| at(*x)).fold(f64::INFINITY, f64::min);
    let last = points()
        .map(|(x, _)| at(*x))
        .fold(f64::NEG_INFINITY, f64::max);
    let across = |x: f64| {
        let part = (at(x) - first) / (last - first);
        part.clamp(0.0, 1.0).mul_add(RIGHT - LEFT, LEFT)
    };
    let down = |y: f64| (y / highest).mul_add(TOP - BOTTOM, BOTTOM);
    svg.note(LEFT, TOP - 10.0, Anchor::Start, chart.unit);
    for mark in round_numbers(highest) {
        svg.grid((LEFT, down(mark)), (RIGHT, down(mark)));
        let label = if mark == 0.0 {
            "0".to_owned()
        } else {
            number(mark)
        };
        svg.note(LEFT - 8.0, down(mark) + MIDDLE, Anchor::End, &label);
    }
    for (x, label) in &chart.marks {
        svg.grid((across(*x), BOTTOM), (across(*x), BOTTOM + 5.0));
        svg.note(across(*x), BOTTOM + 20.0, Anchor::Middle, label);
    }
    svg.note(
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 40.0,
        Anchor::Middle,
        chart.over,
    );
    let mut lines: Vec<_> = chart.lines.iter().collect();
    // Colours lie over grey.
    lines.sort_by_key(|line| line.tone != Tone::Other);
    let drawn: Vec<Vec<(f64, f64)>> = lines
        .iter()
        .map(|line| {
            line.points
                .iter()
                .map(|(x, y)| (across(*x), down(*y)))
                .collect()
        })
        .collect();
    let ends = drawn
        .iter()
        .map(|points| points.last().map_or(BOTTOM, |(_, y)| *y));
    let places = places(&ends.collect::<Vec<_>>(), TOP, BOTTOM);
    for ((line, points), place) in lines.iter().zip(&drawn).zip(places) {
        if chart.is_filled && line.tone != Tone::Other {
            svg.area(points, BOTTOM, line.tone);
        }
        svg.line(points, line.tone);
        if let Some(end) = points.last() {
            svg.grid((end.0 + 3.0, end.1), (RIGHT + BESIDE - 3.0, place));
        }
        svg.name(RIGHT + BESIDE, place + MIDDLE, line.tone, &line.name);
    }
    svg.end()
}
