//! The order of reading: rows from the top, what stands in a row from the left, columns of running text
//! one after the other.

use safelight_imaging::map::median;

use super::{Line, Point};

/// A gap between columns is as wide as this many lines are high.
const GUTTER: f32 = 0.8;
/// A column of running text has so many lines, each of them this many times as long as high in the median.
const LEAST_LINES: usize = 3;
const RUNNING: f32 = 6.0;
/// Boxes stand in one row where they share more than this of the lower one's height.
const SHARED: f32 = 0.5;

/// A line that is so many times as long as high tells by itself how it is turned.
const LONG: f32 = 5.0;

/// A level box around a line: left, top, right, bottom.
type Bounds = [f32; 4];

/// The angle of the page's text in radians: the median of that of its long lines and of the way from each
/// line to the next one beside it, longer ones counted more, and a line twice as much as a way, which may
/// lead to another row. Short lines alone tell little: the box around few pixels likes to be level.
pub(super) fn tilt(lines: &[Line]) -> f32 {
    let own = lines.iter().filter_map(|line| {
        let length = line.place.width();
        (length >= LONG * line.place.height()).then(|| (line.place.angle(), 2.0 * length))
    });
    let mut angles: Vec<_> =
        own.chain(lines.iter().filter_map(|line| beside(line, lines))).collect();
    if angles.is_empty() {
        angles = lines.iter().map(|line| (line.place.angle(), line.place.width())).collect();
    }
    // Lines that run downwards or back tell nothing.
    angles.retain(|(angle, _)| angle.abs() < 0.6);
    angles.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = angles.iter().map(|(_, length)| length).sum::<f32>() / 2.0;
    let mut below = 0.0;
    let median = angles.iter().find(|(_, length)| {
        below += length;
        below >= half
    });
    median.map_or(0.0, |(angle, _)| *angle)
}

/// The angle of the way to the nearest line on the right that is no more than half a line's height higher
/// or lower, and how long that way is.
fn beside(line: &Line, lines: &[Line]) -> Option<(f32, f32)> {
    let ([x, y], height) = (line.place.centre(), line.place.height());
    let ways = lines.iter().filter_map(|other| {
        let [across, down] = [other.place.centre()[0] - x, other.place.centre()[1] - y];
        let alike = (other.place.height() / height.max(1.0) - 1.0).abs() < 0.4;
        let is_beside = alike && across > height && down.abs() < SHARED * height;
        is_beside.then(|| (down.atan2(across), across.hypot(down)))
    });
    ways.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// A point after turning the page back by an angle.
pub(super) fn levelled([x, y]: Point, angle: f32) -> Point {
    let (sin, cos) = angle.sin_cos();
    [x * cos + y * sin, y * cos - x * sin]
}

/// The lines in the order of reading.
pub(super) fn in_order(lines: Vec<Line>) -> Vec<Line> {
    let order: Vec<usize> = rows(&lines).into_iter().flatten().collect();
    let mut lines: Vec<_> = lines.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| lines[index].take()).collect()
}

/// The indices of the lines that stand beside each other, row by row in the order of reading.
pub fn rows(lines: &[Line]) -> Vec<Vec<usize>> {
    let angle = tilt(lines);
    let boxes: Vec<Bounds> =
        lines.iter().map(|line| line.place.map(|p| levelled(p, angle)).bounds()).collect();
    let mut found = Vec::new();
    columns_in(&boxes, level_rows(&boxes, (0..boxes.len()).collect()), &mut found);
    found
}

fn height(bounds: &Bounds) -> f32 {
    bounds[3] - bounds[1]
}

/// Boxes row by row, each row from the left.
fn level_rows(boxes: &[Bounds], mut indices: Vec<usize>) -> Vec<Vec<usize>> {
    indices.sort_by(|&a, &b| (boxes[a][1] + boxes[a][3]).total_cmp(&(boxes[b][1] + boxes[b][3])));
    let mut rows = Vec::<Vec<usize>>::new();
    for index in indices {
        let beside = rows.last().is_some_and(|row| {
            let last = &boxes[row[row.len() - 1]];
            let this = &boxes[index];
            let shared = last[3].min(this[3]) - last[1].max(this[1]);
            let apart = row.iter().all(|&other| !covers(&boxes[other], this));
            apart && shared > SHARED * height(last).min(height(this))
        });
        match rows.last_mut().filter(|_| beside) {
            Some(row) => row.push(index),
            None => rows.push(vec![index]),
        }
    }
    for row in &mut rows {
        row.sort_by(|&a, &b| boxes[a][0].total_cmp(&boxes[b][0]));
    }
    rows
}

/// Whether two boxes lie above one another for the most part of the narrower one.
fn covers(a: &Bounds, b: &Bounds) -> bool {
    let shared = a[2].min(b[2]) - a[0].max(b[0]);
    shared > 0.5 * (a[2] - a[0]).min(b[2] - b[0])
}

/// Takes runs of rows that are columns of running text apart, each column by itself.
fn columns_in(boxes: &[Bounds], rows: Vec<Vec<usize>>, found: &mut Vec<Vec<usize>>) {
    let mut rest = &rows[..];
    while let Some((first, below)) = rest.split_first() {
        let run = (1..=rest.len()).rev().find_map(|count| {
            let gutter = gutter(boxes, &rest[..count])?;
            Some((count, gutter))
        });
        let Some((count, gutter)) = run else {
            found.push(first.clone());
            rest = below;
            continue;
        };
        let inside = rest[..count].iter().flatten().copied();
        let (left, right): (Vec<_>, Vec<_>) = inside.partition(|&index| boxes[index][2] <= gutter);
        for column in [left, right] {
            columns_in(boxes, level_rows(boxes, column), found);
        }
        rest = &rest[count..];
    }
}

/// Where an upright gap parts rows into two columns of running text.
fn gutter(boxes: &[Bounds], rows: &[Vec<usize>]) -> Option<f32> {
    let mut inside: Vec<&Bounds> = rows.iter().flatten().map(|&index| &boxes[index]).collect();
    if rows.len() < LEAST_LINES || inside.len() < 2 * LEAST_LINES {
        return None;
    }
    let mut heights: Vec<f32> = inside.iter().map(|bounds| height(bounds)).collect();
    let least = GUTTER * median(&mut heights);
    inside.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut right = f32::NEG_INFINITY;
    let gaps = inside.iter().enumerate().filter_map(|(index, bounds)| {
        let gap = bounds[0] - right;
        let at = right + gap / 2.0;
        right = right.max(bounds[2]);
        (index > 0 && gap >= least).then_some((index, at, gap))
    });
    let gaps: Vec<_> = gaps.collect();
    let is_text = |column: &[&Bounds]| {
        let lengths = column.iter().map(|bounds| (bounds[2] - bounds[0]) / height(bounds).max(1.0));
        column.len() >= LEAST_LINES && median(&mut lengths.collect::<Vec<_>>()) >= RUNNING
    };
    let parted = gaps.into_iter().filter(|&(index, ..)| {
        let (left, right) = inside.split_at(index);
        is_text(left) && is_text(right)
    });
    parted.max_by(|a, b| a.2.total_cmp(&b.2)).map(|(_, at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::super::{Letter, Quad};
    use super::*;

    /// Lines of these boxes on a page that is turned by an angle.
    fn page(boxes: &[Bounds], angle: f32) -> Vec<Line> {
        let (sin, cos) = angle.sin_cos();
        let turn = |[x, y]: Point| [x * cos - y * sin, y * cos + x * sin];
        let letters = vec![Letter { text: "x", at: 0.5, probability: 1.0 }];
        let line = |bounds: &Bounds| Line {
            place: Quad::level(*bounds).map(turn),
            letters: letters.clone(),
            confidence: 1.0,
        };
        boxes.iter().map(line).collect()
    }

    #[test]
    fn rows_are_read_from_the_left_on_a_page_that_is_not_level() {
        let boxes = [
            [300.0, 12.0, 380.0, 30.0],
            [10.0, 10.0, 90.0, 32.0],
            [150.0, 50.0, 400.0, 70.0],
            [10.0, 52.0, 100.0, 70.0],
        ];
        for angle in [0.0, 0.15, -0.2] {
            assert_eq!(rows(&page(&boxes, angle)), [vec![1, 0], vec![3, 2]], "{angle}");
            assert!((tilt(&page(&boxes, angle)) - angle).abs() < 1e-3);
        }
        assert!(rows(&[]).is_empty());
    }

    #[test]
    fn columns_of_running_text_are_read_one_after_the_other() {
        let mut boxes = vec![[10.0, 0.0, 630.0, 30.0]];
        for line in 0..4 {
            let top = 50.0 + 24.0 * line as f32;
            boxes.push([340.0, top, 630.0, top + 18.0]);
            boxes.push([10.0, top, 300.0, top + 18.0]);
        }
        boxes.push([10.0, 170.0, 630.0, 190.0]);
        let order: Vec<_> = rows(&page(&boxes, 0.0)).concat();
        assert_eq!(order, [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]);
    }

    #[test]
    fn a_table_is_read_by_rows() {
        let boxes: Vec<Bounds> = (0..12)
            .map(|index| {
                let (left, top) = (200.0 * (index % 3) as f32, 40.0 * (index / 3) as f32);
                [left, top, left + 60.0, top + 20.0]
            })
            .collect();
        assert_eq!(rows(&page(&boxes, 0.0)).len(), 4);
    }
}
