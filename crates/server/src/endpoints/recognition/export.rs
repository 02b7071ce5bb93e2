//! `POST /api/portrait/library/library-export`: the library, or a group of it, as a file.

use safelight_operation::{
    Artifact, Context, Delivery, FileFormat, Input, Lane, Memory, Needs, Operation, Output, Result,
    Spec, Url,
};

use super::port;
use crate::library::kinds::Id;

/// Bytes of memory of an export: of the rows of the largest group, and of the file.
const MEMORY: u64 = 400 << 20;

/// The operation.
pub(super) struct LibraryExport;

#[derive(Input)]
pub(super) struct Request {
    /// Only this group.
    #[kind(Id)]
    group_id: Option<String>,
}

#[derive(Output)]
pub(super) struct Answer {
    /// The file, for 24 hours: one JSON object a line, first what it is, then groups, users and
    /// faces with their embeddings. It is not encrypted.
    #[output(path = "data.file_url", format = FileFormat::Ndjson)]
    file_url: Url,
    /// How many groups it holds.
    #[output(path = "data.groups")]
    groups: u64,
    /// How many users.
    #[output(path = "data.users")]
    users: u64,
    /// How many faces.
    #[output(path = "data.faces")]
    faces: u64,
}

impl Operation for LibraryExport {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/library/library-export",
        name: "Library Export",
        sign: "portrait_library_library_export",
        pool: "portrait_library_library_export",
        price: 0,
        summary: "Writes the library of the application, or one group of it, into a file of JSON \
                  lines, with embeddings and without pictures. `safelight library import` reads it.",
        limitations: "The file is not encrypted: whoever has its URL can read the embeddings for 24 \
                      hours.",
        delivery: Delivery::Async,
        deadline: std::time::Duration::from_secs(600),
        memory: Memory { base: MEMORY, per_pixel: 0 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING.with_rows();
    type Input = Request;
    type Output = Answer;

    fn lane(_: &Request) -> Lane {
        Lane::None
    }

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let port = port(context).await?;
        let exported = port.export(input.group_id.as_deref(), MEMORY).await?;
        Ok(Answer {
            file_url: Url(Artifact { bytes: exported.lines, format: FileFormat::Ndjson }),
            groups: exported.groups,
            users: exported.users,
            faces: exported.faces,
        })
    }
}
