//! What each method makes of pictures of tables: one line of JSON for each picture that is named on the
//! command line, with the cells by drawn lines, by the network, and as the service answers them. For
//! `bench/run ocr`.

use std::time::Instant;

use safelight_contract::Result;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::text::{Page, Reading, Table};
use serde_json::{Value, json};

fn main() {
    let vision = Vision::new(testkit::registry());
    for path in std::env::args().skip(1) {
        let photo = image::open(&path).unwrap_or_else(|error| panic!("{path}: {error}")).to_rgb8();
        let how = Reading { any_way_up: false, least_height: 0.0 };
        let page =
            vision.read(photo, how, &|| Ok(())).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        let ruled = timed(|| vision.tables_by(&page, true, &|| Ok(())));
        let network = timed(|| vision.tables_by(&page, false, &|| Ok(())));
        let both = timed(|| vision.tables(&page, &|| Ok(())));
        println!(
            "{}",
            json!({ "path": path, "ruled": ruled, "network": network, "both": both,
                               "lines": lines(&page) })
        );
    }
}

fn timed(find: impl FnOnce() -> Result<Vec<Table>>) -> Value {
    let begin = Instant::now();
    let tables = find().unwrap_or_default();
    let cells = tables.iter().flat_map(|table| &table.cells).map(|cell| {
        json!([
            cell.row,
            cell.column,
            cell.row_span,
            cell.column_span,
            cell.text.replace('\n', " ")
        ])
    });
    json!({ "cells": cells.collect::<Vec<_>>(), "ms": begin.elapsed().as_secs_f64() * 1e3 })
}

fn lines(page: &Page) -> Vec<Value> {
    let line = |line: &safelight_vision::text::Line| {
        json!({ "text": line.text(), "confidence": line.confidence,
                "polygon": line.place.0.as_flattened() })
    };
    page.lines.iter().map(line).collect()
}
