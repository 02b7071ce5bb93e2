//! `GET /api/common/query-file`.

use crate::common::{SYNC, TestServer, form};

const PATH: &str = "/api/common/query-file";

#[tokio::test]
async fn only_uploads_of_the_application_are_known() {
    let server = TestServer::start().await;
    let id = server.upload(30, 20).await;
    let known = server.get(&format!("{PATH}?file_id={id}")).await.success();
    assert_eq!((&known["data"]["state"], &known["data"]["width"]), (&"ready".into(), &30.into()));
    server.get(PATH).await.failure(400, "MISSING_PARAMETERS");
    server.get(&format!("{PATH}?file_id=")).await.failure(400, "PARAMETERS_CANNOT_EMPTY");
    let nobody = format!("{PATH}?file_id=f_{}", "0".repeat(32));
    server.get(&nobody).await.failure(404, "ERROR_FILE_NOT_FOUND");
    server
        .get(&format!("{PATH}?file_id=../x"))
        .await
        .failure(422, "ERROR_INVALID_PARAMETER_FORMAT");
    let (key, _) = server.another("other").await;
    let strange = server.get_as(&key, &format!("{PATH}?file_id={id}")).await;
    strange.failure(404, "ERROR_FILE_NOT_FOUND");
    let used = server.post_as(&key, SYNC, form([("image_file_id", &id)])).await;
    used.failure(404, "ERROR_FILE_NOT_FOUND");
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_deleted_upload_is_reclaimed() {
    let server = TestServer::start().await;
    let id = server.upload(30, 20).await;
    server.post("/api/common/delete-file", form([("file_id", &id)])).await.success();
    server.get(&format!("{PATH}?file_id={id}")).await.failure(410, "ERROR_RESOURCE_RECLAIMED");
    let used = server.post(SYNC, form([("image_file_id", &id)])).await;
    used.failure(410, "ERROR_RESOURCE_RECLAIMED");
}
