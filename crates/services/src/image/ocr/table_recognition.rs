//! Tables: the cells of a page, as JSON, HTML or a spreadsheet.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use safelight_contract::{Code, Fault};
use safelight_operation::{
    Artifact, CpuOperation, FileFormat, Input, Memory, Needs, Output, Picture, Result, Spec, Url,
    Work, rounded,
};
use safelight_vision::text::{self, Page, Reading, Table};

use super::{MEMORY, OneOf, PAGE, Rectangle, scripts};

/// The service.
pub struct TableRecognition;

/// In which form the tables are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Json,
    Xlsx,
}

const FORMS: OneOf<Form> = OneOf(
    &[
        ("html", Form::Html, "one text of HTML"),
        ("json", Form::Json, "rows, columns and cells"),
        ("xlsx", Form::Xlsx, "a spreadsheet, a sheet for each table"),
    ],
    Code::InvalidOutputFormat,
);

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The page with one or more tables.
    #[picture(PAGE)]
    image: Picture,
    /// Whether the page is known to be upright; if not, the four directions are tried.
    #[flag]
    #[field(alias = "AssureDirection", missing = Code::MissingAssureDirectionParameter)]
    assure_direction: bool,
    /// In which form the tables are answered.
    #[kind(FORMS)]
    #[field(alias = "OutputFormat", missing = Code::MissingOutputFormat)]
    output_format: Form,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The tables from the top, where `output_format` is `json`.
    #[output(path = "data.tables")]
    tables: Option<Vec<TableAnswer>>,
    /// The tables as HTML, where `output_format` is `html`.
    #[output(path = "data.html")]
    html: Option<String>,
    /// The spreadsheet for 24 hours, where `output_format` is `xlsx`. What is written as a plain number is
    /// one in the sheet.
    #[output(path = "data.file_url", format = FileFormat::Xlsx)]
    file_url: Option<Url>,
}

#[derive(Output)]
struct TableAnswer {
    /// How many rows there are.
    rows: usize,
    /// How many columns there are.
    columns: usize,
    /// The cells, row by row from the left.
    cells: Vec<CellAnswer>,
}

#[derive(Output)]
struct CellAnswer {
    /// Its first row, from 0.
    row: usize,
    /// Its first column, from 0.
    column: usize,
    /// Over how many rows it goes.
    row_span: usize,
    /// Over how many columns it goes.
    column_span: usize,
    /// What it says, lines apart by line breaks; empty where it says nothing.
    text: String,
    /// How sure that is, 0 to 1; absent where it says nothing.
    probability: Option<f64>,
    /// Where it is in the picture as it was sent.
    rectangle: Rectangle,
}

impl CpuOperation for TableRecognition {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/ocr/table-recognition",
        name: "Table Recognition",
        sign: "image_ocr_table_recognition",
        pool: "image_ocr_table_recognition",
        price: 2,
        summary: "Reads the tables of a page: by the lines drawn around their cells, also where the page \
                  is photographed at a slant, or, without such lines, by a network that knows tables.",
        limitations: scripts!(
            "Where a page has tables with drawn lines, its other tables are not answered; without such \
             lines it has one table. White lines on a dark ground and a table without its outer frame \
             count as without lines. A page of running text is refused."
        ),
        memory: Memory { base: MEMORY.base + (64 << 20), ..MEMORY },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(text::TABLE_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let how = Reading { any_way_up: !input.assure_direction, least_height: 0.0 };
        let page = super::page(&input.image, how, work)?;
        let tables = work.stage("tables", || work.vision.tables(&page, &|| work.check()))?;
        if tables.is_empty() {
            return Err(Fault::new(Code::ImageRecognitionFailed, "image shows text but no table"));
        }
        let mut answer = Answer { tables: None, html: None, file_url: None };
        match input.output_format {
            Form::Json => {
                answer.tables =
                    Some(tables.iter().map(|table| TableAnswer::of(table, &page)).collect());
            }
            Form::Html => answer.html = Some(tables.iter().map(html).collect()),
            Form::Xlsx => {
                let bytes = work.stage("encode", || spreadsheet(&tables).map_err(not_written))?;
                answer.file_url = Some(Url(Artifact { bytes, format: FileFormat::Xlsx }));
            }
        }
        Ok(answer)
    }
}

impl TableAnswer {
    fn of(table: &Table, page: &Page) -> Self {
        let cells = table.cells.iter().map(|cell| CellAnswer {
            row: cell.row,
            column: cell.column,
            row_span: cell.row_span,
            column_span: cell.column_span,
            text: cell.text.clone(),
            probability: cell.confidence.map(|confidence| rounded(confidence, 4)),
            rectangle: Rectangle::around(&page.in_photo(&cell.place)),
        });
        Self { rows: table.rows, columns: table.columns, cells: cells.collect() }
    }
}

/// A table in HTML, its text escaped.
fn html(table: &Table) -> String {
    let mut written = "<table>".to_owned();
    for row in 0..table.rows {
        written += "<tr>";
        for cell in table.cells.iter().filter(|cell| cell.row == row) {
            let span = |name: &str, count: usize| match count {
                1 => String::new(),
                _ => format!(" {name}=\"{count}\""),
            };
            let (columns, rows) =
                (span("colspan", cell.column_span), span("rowspan", cell.row_span));
            written += &format!("<td{columns}{rows}>{}</td>", escaped(&cell.text));
        }
        written += "</tr>";
    }
    written + "</table>"
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\n', "<br>")
}

/// A workbook with a sheet for each table.
fn spreadsheet(tables: &[Table]) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The same tables make the same file.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    for table in tables {
        let sheet = book.add_worksheet();
        for cell in &table.cells {
            write(sheet, cell)?;
        }
    }
    book.save_to_buffer()
}

/// Rows and columns that a sheet has, and letters of a cell: what is beyond is not written.
const MOST_ROWS: usize = 1_048_576;
const MOST_COLUMNS: usize = 16_384;
const MOST_LETTERS: usize = 32_767;

fn write(sheet: &mut Worksheet, cell: &text::Cell) -> std::result::Result<(), XlsxError> {
    let (last_row, last_column) =
        (cell.row + cell.row_span - 1, cell.column + cell.column_span - 1);
    if last_row >= MOST_ROWS || last_column >= MOST_COLUMNS {
        return Ok(());
    }
    let text: String = cell.text.chars().take(MOST_LETTERS).collect();
    let format = Format::new().set_text_wrap();
    let (row, column) = (cell.row as u32, cell.column as u16);
    if (cell.row_span, cell.column_span) != (1, 1) {
        let (last_row, last_column) = (last_row as u32, last_column as u16);
        sheet.merge_range(row, column, last_row, last_column, &text, &format)?;
    }
    match number(&text) {
        Some(number) => sheet.write_number_with_format(row, column, number, &format)?,
        None => sheet.write_string_with_format(row, column, text, &format)?,
    };
    Ok(())
}

/// A number that is written plainly: digits, one point at most, a minus in front; not what begins with a
/// superfluous zero or has more digits than a sheet keeps, which is a label.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_label = digits.len() > 15 || whole.len() > 1 && whole.starts_with('0');
    (is_plain(whole) && is_plain(rest) && !is_label).then(|| text.parse().ok()).flatten()
}

fn not_written(error: XlsxError) -> Fault {
    Fault::new(Code::ProcessingFailure, format!("the spreadsheet cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use safelight_vision::text::{Cell, Quad};

    use super::*;

    fn table() -> Table {
        let place = Quad::level([0.0, 0.0, 9.0, 9.0]);
        let cell = |row, column, column_span, text: &str| Cell {
            place,
            row,
            column,
            row_span: 1,
            column_span,
            text: text.to_owned(),
            confidence: Some(1.0),
        };
        let cells =
            vec![cell(0, 0, 2, "A & <B>\nC"), cell(1, 0, 1, "-12.50"), cell(1, 1, 1, "007")];
        Table { place, rows: 2, columns: 2, cells }
    }

    #[test]
    fn html_is_escaped_and_spans() {
        assert_eq!(
            html(&table()),
            "<table><tr><td colspan=\"2\">A &amp; &lt;B&gt;<br>C</td></tr>\
             <tr><td>-12.50</td><td>007</td></tr></table>"
        );
    }

    #[test]
    fn spreadsheets_are_zip_archives_that_depend_on_their_tables_alone() {
        let [one, two] = [0, 1].map(|_| spreadsheet(&[table(), table()]).expect("is written"));
        assert!(one.starts_with(b"PK") && one == two);
        assert!(one.windows(20).any(|bytes| bytes == b"xl/worksheets/sheet2"));
    }

    #[test]
    fn plain_numbers_are_numbers() {
        for (text, wanted) in
            [("12", Some(12.0)), ("-3.50", Some(-3.5)), ("0.5", Some(0.5)), ("0", Some(0.0))]
        {
            assert_eq!(number(text), wanted, "{text}");
        }
        for text in [
            "",
            "-",
            "007",
            "1,234.56",
            "1.",
            ".5",
            "1e5",
            "NaN",
            "1.2.3",
            "1234567890123456",
            "12 kg",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
