//! The vendor's SDK for Rust, unmodified, against this server.

use std::time::Duration;

use ailabtools::generated::params::{
    CommonQueryCreditsParams, CutoutHDUniversalBackgroundRemovalParams,
    CutoutUniversalBackgroundRemovalParams, ImageContrastEnhancementParams,
};
use ailabtools::{ApiError, Client, Error, FileInput, WaitForTaskOptions};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::common::{PATIENCE, TestServer, png};

fn client(server: &TestServer, key: &str) -> Client {
    Client::builder(key).base_url(&server.base).timeout(PATIENCE).build().expect("client")
}

fn picture(width: u32, height: u32) -> FileInput {
    FileInput::from_bytes(png(width, height), "photo.png", Some("image/png"))
}

fn patiently() -> WaitForTaskOptions {
    WaitForTaskOptions {
        interval: Duration::from_millis(50),
        timeout: PATIENCE,
        raise_on_failed: true,
    }
}

/// The size of a PNG of colour and alpha, and how much of it is opaque, from 0 to 1.
async fn cutout(server: &TestServer, url: &str) -> (u32, u32, f64) {
    let response = server.http.get(url).send().await.expect("answer");
    assert_eq!(response.headers()["content-type"], "image/png");
    let bytes = response.bytes().await.expect("bytes");
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("fits")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    assert_eq!(info.color_type, png::ColorType::Rgba);
    let alphas = pixels[..info.buffer_size()].chunks_exact(4).map(|pixel| f64::from(pixel[3]));
    let opaque = alphas.sum::<f64>() / 255.0 / f64::from(info.width * info.height);
    (info.width, info.height, opaque)
}

fn api_error<T: std::fmt::Debug>(outcome: ailabtools::Result<T>) -> ApiError {
    match outcome.expect_err("must fail") {
        Error::Api(error) => error,
        other => panic!("no API error: {other}"),
    }
}

#[tokio::test]
async fn a_synchronous_call_answers_with_a_url() {
    let server = TestServer::start().await;
    let params = CutoutUniversalBackgroundRemovalParams {
        image: picture(40, 30),
        return_form: Some("whiteBK".to_owned()),
    };
    let client = client(&server, &server.key);
    let answer = client.background.remove(params).await.expect("success");
    assert_eq!(answer.error_code, Some(0));
    let url = answer.data.and_then(|data| data.image_url).expect("a URL");
    let picture = server.http.get(url).send().await.expect("answer");
    assert_eq!(picture.status(), 200);
}

#[tokio::test]
async fn errors_are_typed() {
    let server = TestServer::start().await;
    let params =
        || CutoutUniversalBackgroundRemovalParams { image: picture(4, 4), return_form: None };
    let small = client(&server, &server.key).background.remove(params()).await;
    let small = api_error(small);
    assert_eq!((small.status_code, small.error_code), (422, Some(422)));
    assert!(small.message.contains("image"), "{}", small.message);
    assert!(small.request_id.is_some() && small.log_id.is_some());
    assert_eq!(small.raw["error_detail"]["code"], "ERROR_LOW_RESOLUTION");
    let nobody = api_error(client(&server, "wrong").background.remove(params()).await);
    assert_eq!(nobody.status_code, 401);
}

#[tokio::test]
async fn an_asynchronous_call_is_followed_to_its_end() {
    let server = TestServer::start().await;
    let client = client(&server, &server.key);
    let params = CutoutHDUniversalBackgroundRemovalParams { image: picture(40, 30) };
    let submitted = client.cutout.cutout_hd_universal_background_removal(params).await;
    let submitted = submitted.expect("accepted");
    assert_eq!(submitted.task_type.as_deref(), Some("async"));
    let task = submitted.task_id.expect("a task");
    let done = client.wait_for_task(&task, Some(patiently())).await.expect("done");
    assert_eq!(done.task_status, Some(2));
    let data = done.data.expect("data");
    assert!(data.extra["image_url"].as_str().is_some_and(|url| url.contains("/results/")));
}

#[tokio::test]
async fn credits_are_read() {
    let server = TestServer::start().await;
    let client = client(&server, &server.key);
    let answer = client.common.common_query_credits(CommonQueryCreditsParams::new()).await;
    let pools = answer.expect("success").data.expect("pools");
    assert_eq!(pools[0].unique_sign.as_deref(), Some("common"));
    assert_eq!(pools[0].balance, Some(1000.0));
    assert!(pools[0].first_buy_time.is_some());
}

#[tokio::test]
async fn real_photos_come_back_cut_out_and_enhanced() {
    let server = TestServer::shipping().await;
    let client = client(&server, &server.key);
    let photo = |name: &str| {
        FileInput::from_bytes(safelight_testkit::photo(name), "photo", Some("image/png"))
    };
    let image = photo("astronaut.png");
    let params = CutoutUniversalBackgroundRemovalParams { image, return_form: None };
    let answer = client.background.remove(params).await.expect("success");
    let url = answer.data.and_then(|data| data.image_url).expect("a URL");
    let (width, height, opaque) = cutout(&server, &url).await;
    assert_eq!((width, height), (512, 512));
    assert!((0.2..0.8).contains(&opaque), "{opaque} of the photo is subject");

    let params = CutoutHDUniversalBackgroundRemovalParams { image: photo("astronaut.png") };
    let submitted = client.cutout.cutout_hd_universal_background_removal(params).await;
    let task = submitted.expect("accepted").task_id.expect("a task");
    let done = client.wait_for_task(&task, Some(patiently())).await.expect("done");
    let url = done.data.expect("data").extra["image_url"].as_str().expect("a URL").to_owned();
    let (_, _, hd_opaque) = cutout(&server, &url).await;
    assert!((hd_opaque - opaque).abs() < 0.05, "{hd_opaque} against {opaque}");

    let params = ImageContrastEnhancementParams { image: photo("china.jpg") };
    let answer = client.image.image_contrast_enhancement(params).await.expect("success");
    let picture = STANDARD.decode(answer.image.expect("Base64")).expect("bare Base64");
    assert_eq!(picture[..3], [0xff, 0xd8, 0xff], "a JPEG");
    // One, two and one credit.
    assert_eq!(server.credits().await, (996, 0));
}
