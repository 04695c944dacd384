//! Charts, as SVG.

use std::path::Path;

use plotters::prelude::{
    BLACK, ChartBuilder, Color, IntoDrawingArea, IntoFont, LineSeries, Palette, Palette99,
    PathElement, RGBColor, Rectangle, SVGBackend, SeriesLabelPosition, Text, WHITE,
};

use super::table::number;
use crate::failure::Failure;

const WIDTH: u32 = 900;
const FONT: &str = "sans-serif";
const OURS: RGBColor = RGBColor(0, 130, 200);
const OTHERS: RGBColor = RGBColor(170, 170, 170);

/// A chart of figures.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) file: &'static str,
    pub(crate) title: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A line for each name, over marked places.
    Lines {
        /// The meaning of the marks, and their labels.
        over: &'static str,
        marks: Vec<String>,
        unit: &'static str,
        lines: Vec<(String, Vec<f64>)>,
    },
    /// A bar for each name.
    Bars {
        unit: &'static str,
        bars: Vec<(String, f64)>,
    },
}

impl Chart {
    pub(crate) fn draw(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(self.file);
        match &self.kind {
            Kind::Lines {
                over,
                marks,
                unit,
                lines,
            } => self.draw_lines(&path, over, marks, unit, lines),
            Kind::Bars { unit, bars } => self.draw_bars(&path, unit, bars),
        }
    }

    fn draw_lines(
        &self,
        path: &Path,
        over: &str,
        marks: &[String],
        unit: &str,
        lines: &[(String, Vec<f64>)],
    ) -> Result<(), Failure> {
        let root = SVGBackend::new(path, (WIDTH, 520)).into_drawing_area();
        root.fill(&WHITE)?;
        let highest = lines.iter().flat_map(|(_, values)| values);
        let highest = highest.copied().fold(0.0, f64::max);
        let last = position(marks.len().saturating_sub(1));
        let mut chart = ChartBuilder::on(&root)
            .caption(&self.title, (FONT, 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(76)
            .build_cartesian_2d(0.0..last, 0.0..highest * 1.05)?;
        let label = |x: &f64| -> String {
            let mark = marks.iter().enumerate();
            let mut mark = mark.filter(|(index, _)| (position(*index) - x).abs() < 1e-6);
            mark.next()
                .map_or_else(String::new, |(_, mark)| mark.clone())
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .x_labels(marks.len())
            .x_label_formatter(&label)
            .y_label_formatter(&|y| number(*y))
            .x_desc(over)
            .y_desc(unit)
            .draw()?;
        for (index, (name, values)) in lines.iter().enumerate() {
            let colour = Palette99::pick(index);
            let points = values.iter().enumerate();
            let points = points.map(|(index, value)| (position(index), *value));
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(points, style))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .label_font((FONT, 13))
            .draw()?;
        root.present()?;
        Ok(())
    }

    fn draw_bars(&self, path: &Path, unit: &str, bars: &[(String, f64)]) -> Result<(), Failure> {
        const ROW: i32 = 26;
        const TOP: i32 = 48;
        const LEFT: i32 = 250;
        const LONGEST: f64 = 520.0;
        let rows = i32::try_from(bars.len())?;
        let height = u32::try_from(TOP + ROW * rows + 12)?;
        let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE)?;
        let title = format!("{} ({unit})", self.title);
        root.draw(&Text::new(title, (12, 12), (FONT, 20).into_font()))?;
        let highest = bars.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let mut top = TOP;
        for (name, value) in bars {
            #[allow(clippy::cast_possible_truncation, reason = "at most the longest")]
            let length = (value / highest * LONGEST) as i32;
            let right = LEFT + length.max(1);
            let colour = if name.starts_with("ours") {
                OURS
            } else {
                OTHERS
            };
            let bar = [(LEFT, top), (right, top + ROW - 8)];
            root.draw(&Rectangle::new(bar, colour.filled()))?;
            let font = (FONT, 14).into_font().color(&BLACK);
            root.draw(&Text::new(name.as_str(), (12, top + 2), font.clone()))?;
            root.draw(&Text::new(number(*value), (right + 6, top + 2), font))?;
            top += ROW;
        }
        root.present()?;
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "no chart has so many marks")]
fn position(index: usize) -> f64 {
    index as f64
}
