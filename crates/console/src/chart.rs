//! Plots as SVG, drawn by the server; colours come from the style sheet.

use maud::{Markup, html};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
/// Room for the numbers at the left and the times below.
const LEFT: f64 = 52.0;
const BOTTOM: f64 = 22.0;
const TOP: f64 = 10.0;

/// One point of time: its label, and a value for each series.
pub struct Point {
    /// The time, in words.
    pub label: String,
    /// The values; `None` draws nothing.
    pub values: Vec<Option<f64>>,
}

/// A series: its name and the class that the style sheet knows it by.
pub type Series = (&'static str, &'static str);

/// Bars, one series upon the other.
pub fn bars(title: &str, series: &[Series], points: &[Point], show: fn(f64) -> String) -> Markup {
    let sum = |point: &Point| point.values.iter().flatten().sum::<f64>();
    let top = scale(points.iter().map(sum).fold(0.0, f64::max));
    let slot = (WIDTH - LEFT) / points.len().max(1) as f64;
    let mut drawn = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let mut base = 0.0;
        for ((_, class), value) in series.iter().zip(&point.values) {
            let value = value.unwrap_or_default();
            if value > 0.0 {
                let (low, high) = (y(base, top), y(base + value, top));
                let x = LEFT + slot * index as f64 + slot * 0.1;
                drawn.push(html! {
                    rect class=(class) x=(number(x)) y=(number(high)) width=(number(slot * 0.8))
                        height=(number((low - high).max(1.0))) {
                        title { (point.label) ": " (show(value)) }
                    }
                });
            }
            base += value;
        }
    }
    frame(title, series, points, top, show, html! { @for bar in drawn { (bar) } })
}

/// Lines, one for each series.
pub fn lines(title: &str, series: &[Series], points: &[Point], show: fn(f64) -> String) -> Markup {
    let all = points.iter().flat_map(|point| point.values.iter().flatten().copied());
    let top = scale(all.fold(0.0, f64::max));
    let slot = (WIDTH - LEFT) / points.len().max(1) as f64;
    let line = |at: usize| {
        let known = points.iter().enumerate().filter_map(|(index, point)| {
            Some((LEFT + slot * (index as f64 + 0.5), y(point.values[at]?, top), point))
        });
        known.collect::<Vec<_>>()
    };
    let drawn = html! {
        @for (at, (_, class)) in series.iter().enumerate() {
            @let line = line(at);
            polyline class={ "line " (class) } points=(path(&line)) {}
            @for (x, y, point) in &line {
                circle class=(class) cx=(number(*x)) cy=(number(*y)) r="2.5" {
                    title { (point.label) ": " (show(point.values[at].unwrap_or_default())) }
                }
            }
        }
    };
    frame(title, series, points, top, show, drawn)
}

fn path(line: &[(f64, f64, &Point)]) -> String {
    line.iter().map(|(x, y, _)| format!("{},{} ", number(*x), number(*y))).collect()
}

fn y(value: f64, top: f64) -> f64 {
    let height = HEIGHT - BOTTOM - TOP;
    HEIGHT - BOTTOM - height * (value / top)
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// The end of the axis: the next 1, 2 or 5 times a power of ten.
fn scale(most: f64) -> f64 {
    if most <= 1.0 {
        return 1.0;
    }
    let power = 10f64.powf(most.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|step| step * power)
        .into_iter()
        .find(|top| *top >= most)
        .unwrap_or(most)
}

fn frame(
    title: &str,
    series: &[Series],
    points: &[Point],
    top: f64,
    show: fn(f64) -> String,
    drawn: Markup,
) -> Markup {
    let slot = (WIDTH - LEFT) / points.len().max(1) as f64;
    let every = points.len().div_ceil(8).max(1);
    html! {
        figure.chart {
            figcaption {
                strong { (title) }
                @for (name, class) in series { span class={ "key " (class) } { (name) } }
            }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
                @for share in [0.0, 0.5, 1.0] {
                    @let at = y(top * share, top);
                    line class="grid" x1=(LEFT) x2=(WIDTH) y1=(number(at)) y2=(number(at)) {}
                    text x=(LEFT - 6.0) y=(number(at + 4.0)) text-anchor="end" { (show(top * share)) }
                }
                @for (index, point) in points.iter().enumerate().filter(|(index, _)| index % every == 0) {
                    text x=(number(LEFT + slot * (index as f64 + 0.5))) y=(HEIGHT - 6.0) text-anchor="middle" {
                        (point.label)
                    }
                }
                (drawn)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, top) in [(0.0, 1.0), (3.0, 5.0), (10.0, 10.0), (11.0, 20.0), (700.0, 1000.0)] {
            assert_eq!(scale(most), top, "{most}");
        }
    }

    #[test]
    fn nothing_is_drawn_outside_and_no_style_is_inline() {
        let points: Vec<_> = (0..30)
            .map(|at| Point { label: format!("<{at}>"), values: vec![Some(f64::from(at)), None] })
            .collect();
        for chart in [bars, lines] {
            let svg = chart("T", &[("a", "ok"), ("b", "failed")], &points, |v| v.to_string());
            let svg = svg.into_string();
            assert!(!svg.contains("style=") && !svg.contains("<0>") && svg.contains("&lt;0&gt;"));
            assert!(!svg.contains("y=\"-") && !svg.contains("NaN"), "{svg}");
        }
    }
}
