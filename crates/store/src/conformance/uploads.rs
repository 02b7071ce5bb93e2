//! Uploads.

use safelight_contract::{Code, Fault};

use super::*;
use crate::{
    NewUpload, Upload, UploadAdmission, UploadDeletion, UploadQuota, UploadState, UploadedPicture,
};

cases! {
    an_upload_is_in_transit_then_ready,
    a_failed_upload_takes_no_room,
    quotas_are_of_an_application,
    an_upload_at_work_is_neither_deleted_nor_expired,
    a_task_needs_its_uploads,
    uploads_are_reclaimed_and_forgotten,
    transits_end_with_the_process,
}

const QUOTA: UploadQuota = UploadQuota { bytes: 100, files: 3 };

fn new(application: &Application, id: &str, size: u64) -> NewUpload {
    let id = id.to_owned();
    NewUpload { id, application: application.id, size, expires_at: NOW + 1000 }
}

fn picture(size: u64) -> UploadedPicture {
    UploadedPicture { size, format: "PNG".into(), width: 3, height: 2 }
}

async fn add(store: &dyn Store, application: &Application, id: &str, size: u64) -> UploadAdmission {
    store.add_upload(&new(application, id, size), QUOTA, 1000, NOW).await.unwrap()
}

/// An upload whose bytes are there.
async fn ready(store: &dyn Store, application: &Application, id: &str) {
    assert_eq!(add(store, application, id, 10).await, UploadAdmission::Added);
    assert!(store.end_upload(id, &Ok(picture(10))).await.unwrap());
}

async fn upload(store: &dyn Store, application: &Application, id: &str) -> Upload {
    store.upload(application.id, id).await.unwrap().expect("no such upload")
}

async fn inputs(store: &dyn Store) -> u64 {
    store.disk_use().await.unwrap().inputs
}

/// Submits a task that works on an upload.
async fn submit_on(store: &dyn Store, shop: &Application, id: &str, upload: &str) -> Submission {
    let uploads = vec![upload.to_owned(), upload.to_owned()];
    let task = NewTask { uploads, ..new_task(shop, id) };
    let request = request(shop, &format!("r-{id}"), 1);
    store.submit_task(&task, &request, MANY, NOW).await.unwrap()
}

async fn an_upload_is_in_transit_then_ready(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let blog = another(&*store, "blog").await;
    assert_eq!(add(&*store, &shop, "u", 60).await, UploadAdmission::Added);
    let moving = upload(&*store, &shop, "u").await;
    assert_eq!((moving.state, moving.picture, moving.fault), (UploadState::InTransit, None, None));
    assert_eq!((moving.created_at, moving.expires_at), (NOW, NOW + 1000));
    assert_eq!(inputs(&*store).await, 60, "what may come is reserved");
    assert!(store.end_upload("u", &Ok(picture(7))).await.unwrap());
    let there = upload(&*store, &shop, "u").await;
    assert_eq!((there.state, there.picture), (UploadState::Ready, Some(picture(7))));
    assert_eq!(inputs(&*store).await, 7);
    assert!(!store.end_upload("u", &Ok(picture(9))).await.unwrap(), "it ends once");
    assert_eq!(store.upload(blog.id, "u").await.unwrap(), None, "another application's is unknown");
    assert_eq!(store.delete_upload(blog.id, "u").await.unwrap(), UploadDeletion::Gone);
    conflict(store.add_upload(&new(&shop, "u", 1), QUOTA, 1000, NOW).await);
}

async fn a_failed_upload_takes_no_room(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    add(&*store, &shop, "u", 60).await;
    let fault = Fault::new(Code::FileDownloadFailed, "it did not come");
    assert!(store.end_upload("u", &Err(fault.clone())).await.unwrap());
    let failed = upload(&*store, &shop, "u").await;
    assert_eq!((failed.state, failed.fault), (UploadState::Failed, Some(fault)));
    assert_eq!(inputs(&*store).await, 0);
    assert_eq!(add(&*store, &shop, "v", 100).await, UploadAdmission::Added);
    assert_eq!(store.delete_upload(shop.id, "u").await.unwrap(), UploadDeletion::Reclaimed);
}

async fn quotas_are_of_an_application(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let blog = another(&*store, "blog").await;
    assert_eq!(add(&*store, &shop, "a", 60).await, UploadAdmission::Added);
    let full = UploadAdmission::QuotaFull { bytes: 60, files: 1 };
    assert_eq!(add(&*store, &shop, "b", 41).await, full);
    assert_eq!(store.upload(shop.id, "b").await.unwrap(), None);
    assert_eq!(add(&*store, &blog, "b", 60).await, UploadAdmission::Added);
    for id in ["c", "d"] {
        assert_eq!(add(&*store, &shop, id, 1).await, UploadAdmission::Added);
    }
    let full = UploadAdmission::QuotaFull { bytes: 62, files: 3 };
    assert_eq!(add(&*store, &shop, "e", 1).await, full);
    store.delete_upload(shop.id, "c").await.unwrap();
    assert_eq!(add(&*store, &shop, "e", 1).await, UploadAdmission::Added);
    let outcome = store.add_upload(&new(&blog, "f", 30), QUOTA, 151, NOW).await.unwrap();
    assert_eq!(outcome, UploadAdmission::DiskFull, "the budget is of all");
    let stranger = NewUpload { application: 99, ..new(&shop, "x", 1) };
    not_found(store.add_upload(&stranger, QUOTA, 1000, NOW).await);
}

async fn an_upload_at_work_is_neither_deleted_nor_expired(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    ready(&*store, &shop, "u").await;
    assert!(matches!(submit_on(&*store, &shop, "t", "u").await, Submission::Accepted));
    assert_eq!(store.delete_upload(shop.id, "u").await.unwrap(), UploadDeletion::InUse);
    assert!(store.expired_uploads(NOW + 1000, 9).await.unwrap().is_empty());
    store.cancel_task("t", NOW).await.unwrap();
    assert_eq!(store.expired_uploads(NOW + 999, 9).await.unwrap(), []);
    let expired = store.expired_uploads(NOW + 1000, 9).await.unwrap();
    assert_eq!(expired, [(shop.id, "u".to_owned())]);
    assert_eq!(store.delete_upload(shop.id, "u").await.unwrap(), UploadDeletion::Reclaimed);
    assert_eq!(store.delete_upload(shop.id, "u").await.unwrap(), UploadDeletion::Gone);
    assert_eq!(upload(&*store, &shop, "u").await.state, UploadState::Reclaimed);
}

async fn a_task_needs_its_uploads(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let blog = another(&*store, "blog").await;
    ready(&*store, &blog, "strange").await;
    ready(&*store, &shop, "gone").await;
    store.delete_upload(shop.id, "gone").await.unwrap();
    add(&*store, &shop, "moving", 10).await;
    for upload in ["strange", "gone", "moving", "unknown"] {
        assert_eq!(
            submit_on(&*store, &shop, "t", upload).await,
            Submission::UploadGone,
            "{upload}"
        );
    }
    assert_eq!(common(&*store, &shop).await, [10, 0, 10], "a refusal holds nothing");
}

async fn uploads_are_reclaimed_and_forgotten(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    ready(&*store, &shop, "u").await;
    submit_on(&*store, &shop, "t", "u").await;
    store.cancel_task("t", NOW).await.unwrap();
    for _ in 0..2 {
        store.reclaim_upload("u").await.unwrap();
    }
    assert_eq!(inputs(&*store).await, 0);
    assert_eq!(store.forget(NOW + 1000).await.unwrap(), 0);
    assert_eq!(store.forget(NOW + 1001).await.unwrap(), 1);
    assert_eq!(store.upload(shop.id, "u").await.unwrap(), None);
    assert!(store.task(shop.id, "t").await.unwrap().is_some());
}

async fn transits_end_with_the_process(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    add(&*store, &shop, "moving", 50).await;
    ready(&*store, &shop, "there").await;
    store.recover(NOW, NOW).await.unwrap();
    let lost = upload(&*store, &shop, "moving").await;
    assert_eq!(lost.fault.map(|fault| fault.code()), Some(Code::FileDownloadFailed));
    assert_eq!(upload(&*store, &shop, "there").await.state, UploadState::Ready);
    assert_eq!(inputs(&*store).await, 10);
}
