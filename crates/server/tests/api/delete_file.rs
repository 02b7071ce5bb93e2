//! `POST /api/common/delete-file`.

use crate::common::{TestServer, files_below, form};

const PATH: &str = "/api/common/delete-file";

#[tokio::test]
async fn a_deleted_upload_leaves_nothing_on_the_disk() {
    let server = TestServer::start().await;
    let id = server.upload(30, 20).await;
    assert_eq!(files_below(&server.files()).len(), 1);
    let answer = server.post(PATH, form([("file_id", &id)])).await.success();
    assert_eq!(answer["data"]["file_id"], id);
    assert!(files_below(&server.files()).is_empty());
    assert_eq!(server.store.disk_use().await.expect("store").inputs, 0);
    server.post(PATH, form([("file_id", &id)])).await.failure(410, "ERROR_RESOURCE_RECLAIMED");
}

#[tokio::test]
async fn another_applications_upload_is_unknown_and_stays() {
    let server = TestServer::start().await;
    let id = server.upload(30, 20).await;
    let (key, _) = server.another("other").await;
    let strange = server.post_as(&key, PATH, form([("file_id", &id)])).await;
    strange.failure(404, "ERROR_FILE_NOT_FOUND");
    server.post(PATH, form([])).await.failure(400, "MISSING_PARAMETERS");
    server.get(PATH).await.failure(405, "ERROR_ILLEGAL_OPERATION");
    server.get(&format!("/api/common/query-file?file_id={id}")).await.success();
}
