//! Files in a bucket of an S3 API.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use crate::open::read;
use crate::{BlobError, BlobSettings};

/// Times that a request is made again, and how long all of them may take together.
const RETRIES: usize = 3;
const RETRY_TIMEOUT: Duration = Duration::from_secs(8);
/// How long one request may take. A result of 100 MB comes through at 8 MB/s.
const REQUEST: Duration = Duration::from_secs(12);
const CONNECT: Duration = Duration::from_secs(3);

/// Opens a bucket, reached at `endpoint`. Nothing is asked of it yet.
pub(super) fn open(
    bucket: &str,
    endpoint: Option<&str>,
    settings: &BlobSettings,
) -> Result<AmazonS3, BlobError> {
    // The library picks its own cryptography where nobody has.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
    let client = ClientOptions::new()
        .with_timeout(REQUEST)
        .with_connect_timeout(CONNECT)
        .with_allow_http(is_plain);
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    };
    // Keys are random, so that no condition is needed, and not every server knows them.
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_region(settings.region.as_deref().unwrap_or("us-east-1"))
        .with_client_options(client)
        .with_retry(retry)
        .with_conditional_put(S3ConditionalPut::Disabled);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    if let Some(path) = &settings.access_key_file {
        builder = builder.with_access_key_id(read(path).map_err(BlobError::Invalid)?);
    }
    if let Some(path) = &settings.secret_key_file {
        builder = builder.with_secret_access_key(read(path).map_err(BlobError::Invalid)?);
    }
    builder.build().map_err(|error| BlobError::Invalid(format!("the files in S3: {error}")))
}
