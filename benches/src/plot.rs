//! The plot: what each chain costs, and how routing grows with the sandboxes. As SVG, and as PNG for who shows no SVG.

use std::fs;
use std::ops::Range;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use resvg::{tiny_skia, usvg};

use crate::growth::ROUTINGS;
use crate::inside::Row;
use crate::results::{Results, path};
use crate::tables::grouped;

const SIZE: (u32, u32) = (960, 900);
const BARS: u32 = 480;
/// Of the bars: what stands above them, and the height of a chain's two.
const HEAD: u32 = 75;
const ROW: u32 = 40;
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 95, 160), RGBColor(230, 140, 20), RGBColor(120, 120, 120), RGBColor(190, 40, 60)];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws `benches/results.svg` and `benches/results.png`.
pub(crate) fn draw(results: &Results) -> Result<()> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let (above, below) = area.split_vertically(BARS);
        bars(&above, results)?;
        lines(&below, results).map_err(|error| anyhow!("{error}"))?;
        area.present()?;
    }
    fs::write(path("png"), png(&svg)?)?;
    Ok(fs::write(path("svg"), svg)?)
}

/// Two bars a chain: its instructions over a chain without filters.
fn bars(area: &Area<'_>, results: &Results) -> Result<()> {
    let rows = compared(results);
    let most = rows.iter().flat_map(|row| [row.ordinary, row.tenant]).flatten().max().unwrap_or(1).max(1);
    let text = |size: i32| ("sans-serif", size).into_font().color(&BLACK);
    area.draw(&Text::new("Instructions of a request inside Envoy, over a chain without filters", (20, 15), text(18)))?;
    for (place, name) in ["ordinary request", "tenant request"].into_iter().enumerate() {
        let x = 400 + 160 * i32::try_from(place)?;
        area.draw(&Rectangle::new([(x, 45), (x + 14, 59)], COLOURS[place].filled()))?;
        area.draw(&Text::new(name, (x + 20, 45), text(14)))?;
    }
    for (place, row) in rows.iter().enumerate() {
        let y = i32::try_from(HEAD + ROW * u32::try_from(place)?)?;
        area.draw(&Text::new(row.chain.clone(), (20, y + 8), text(14)))?;
        for (bar, value) in [row.ordinary, row.tenant].into_iter().enumerate() {
            let Some(value) = value else { continue };
            let (top, length) = (y + 16 * i32::try_from(bar)?, i32::try_from(value.max(0) * 430 / most)?);
            area.draw(&Rectangle::new([(400, top), (400 + length, top + 14)], COLOURS[bar].filled()))?;
            area.draw(&Text::new(grouped(value), (406 + length, top), text(13)))?;
        }
    }
    Ok(())
}

/// What has bars: all but our features, which the tables alone show, and what the others are measured over.
fn compared(results: &Results) -> Vec<&Row> {
    results.inside.iter().filter(|row| !row.is_base() && !row.is_detail()).collect()
}

/// A line for each way to route.
fn lines(area: &Area<'_>, results: &Results) -> Result<(), Box<dyn std::error::Error>> {
    let series = ROUTINGS.map(|routing| {
        let points = results.growth.iter().filter(|point| point.series == routing);
        points.map(|point| (point.size as f64, point.instructions.max(1) as f64)).collect::<Vec<_>>()
    });
    let mut chart = ChartBuilder::on(area)
        .caption(
            "Instructions of a request by the number of sandboxes, over no filter and no rules",
            ("sans-serif", 18),
        )
        .margin(20)
        .x_label_area_size(40)
        .y_label_area_size(110)
        .build_cartesian_2d((1f64..6000f64).log_scale(), range(&series).log_scale())?;
    let label = |value: &f64| grouped(*value as i64);
    chart.configure_mesh().x_desc("sandboxes").x_label_formatter(&label).y_label_formatter(&label).draw()?;
    for ((routing, points), colour) in ROUTINGS.iter().zip(series).zip(COLOURS) {
        let line = LineSeries::new(points, colour.stroke_width(2)).point_size(3);
        let entry = move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2));
        chart.draw_series(line)?.label(*routing).legend(entry);
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).draw()?;
    Ok(())
}

fn range(series: &[Vec<(f64, f64)>]) -> Range<f64> {
    let values = || series.iter().flatten().map(|(_, instructions)| *instructions);
    values().fold(f64::INFINITY, f64::min).min(10_000.0)..values().fold(0.0, f64::max).max(100_000.0) * 1.5
}

/// The same in pixels.
fn png(svg: &str) -> Result<Vec<u8>> {
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_system_fonts();
    let families: Vec<_> = fonts.faces().flat_map(|face| &face.families).map(|(name, _)| name.clone()).collect();
    let is_plain = |name: &&String| name.contains("Sans") && !name.contains("Mono");
    let family = families.iter().find(is_plain).or(families.first());
    let family =
        family.context("no font, which the plot needs; on Debian, as root: apt-get install fonts-dejavu-core")?;
    fonts.set_sans_serif_family(family);
    let tree = usvg::Tree::from_str(svg, &options)?;
    let mut pixels = tiny_skia::Pixmap::new(SIZE.0, SIZE.1).context("a picture of some size")?;
    resvg::render(&tree, tiny_skia::Transform::identity(), &mut pixels.as_mut());
    Ok(pixels.encode_png()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bars_have_room() {
        let results = Results::read().unwrap();
        let rows = u32::try_from(compared(&results).len()).unwrap();
        assert!(rows > 0 && HEAD + ROW * rows <= BARS, "{rows} chains");
    }
}
