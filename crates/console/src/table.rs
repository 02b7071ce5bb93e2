//! Tables whose rows become blocks, each value with its label, in a narrow window.

use maud::{Markup, html};

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
    /// Text.
    Text(&'static str),
    /// Numbers, aligned at their last digit.
    Number(&'static str),
    /// Buttons.
    Actions,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Number(name) => name,
            Self::Actions => "Actions",
        }
    }

    fn class(self) -> Option<&'static str> {
        match self {
            Self::Text(_) => None,
            Self::Number(_) => Some("number"),
            Self::Actions => Some("actions"),
        }
    }
}

/// A row: one cell for each column, of which the first names the row.
pub(crate) struct Row {
    cells: Vec<Markup>,
    marked: bool,
}

impl Row {
    /// The same row, marked where `marked` says so.
    pub(crate) fn marked(self, marked: bool) -> Self {
        Self { marked, ..self }
    }
}

impl<const CELLS: usize> From<[Markup; CELLS]> for Row {
    fn from(cells: [Markup; CELLS]) -> Self {
        Self { cells: cells.into(), marked: false }
    }
}

impl From<Vec<Markup>> for Row {
    fn from(cells: Vec<Markup>) -> Self {
        Self { cells, marked: false }
    }
}

/// The table. The roles are those of the elements: browsers that take them away with the layout of a
/// table find them there.
pub(crate) fn table(columns: &[Column], rows: impl IntoIterator<Item = Row>) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table role="table" {
                thead role="rowgroup" {
                    tr role="row" { @for column in columns { (head(*column)) } }
                }
                tbody role="rowgroup" {
                    @for row in rows { (line(columns, &row)) }
                }
            }
        }
    }
}

fn head(column: Column) -> Markup {
    html! {
        th class=[column.class()] scope="col" role="columnheader" {
            @match column {
                Column::Actions => span.hidden { (column.name()) },
                _ => (column.name()),
            }
        }
    }
}

fn line(columns: &[Column], row: &Row) -> Markup {
    html! {
        tr.set[row.marked] role="row" {
            @for (at, (column, cell)) in columns.iter().zip(&row.cells).enumerate() {
                @if at == 0 {
                    th scope="row" role="rowheader" { (cell) }
                } @else {
                    td class=[column.class()] role="cell" data-label=(column.name()) { (cell) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_carries_the_name_of_its_column() {
        let columns = [Column::Text("Task"), Column::Number("Attempts"), Column::Actions];
        let rows = [Row::from([html! { "a" }, html! { "3" }, html! {}]).marked(true)];
        let shown = table(&columns, rows).into_string();
        assert!(shown.contains("<tr class=\"set\" role=\"row\"><th scope=\"row\""), "{shown}");
        assert!(
            shown.contains("<td class=\"number\" role=\"cell\" data-label=\"Attempts\">3</td>"),
            "{shown}"
        );
        assert!(shown.contains("data-label=\"Actions\"></td>"), "{shown}");
    }
}
