//! Short clips as MP4 files: written in H.264's baseline profile, without sound, ready to play while they
//! load; and read, from whoever sends them.

#![forbid(unsafe_code)]

mod boxes;
mod movie;
mod mp4;
mod parameters;

use image::RgbImage;
use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile,
    RateControlMode, VuiConfig,
};
use openh264::formats::{RgbSliceU8, YUVBuffer};
use safelight_contract::{Code, Fault, Result};

pub use movie::{Limits, Movie};

/// Bits for each pixel of each frame.
const BITS: f64 = 0.12;
/// The longest side of a clip, in pixels.
pub const LONGEST_SIDE: u32 = 1280;

/// A frame as the container holds it.
struct Sample {
    /// Its units, each with its length in four bytes before it.
    bytes: Vec<u8>,
    /// Whether it can be shown without others.
    key: bool,
}

/// A clip while its frames come in.
pub struct Clip {
    encoder: Encoder,
    size: (u32, u32),
    rate: u32,
    /// The sequence's and the picture's parameters.
    parameters: [Vec<u8>; 2],
    samples: Vec<Sample>,
}

impl Clip {
    /// Of frames of an even size, at most [`LONGEST_SIDE`], so many a second.
    ///
    /// # Errors
    /// `PROCESSING_FAILURE` for other sizes; `AI_SERVICE_INTERNAL_ERROR` where the encoder does not start.
    pub fn new(size: (u32, u32), rate: u32) -> Result<Self> {
        let fits = |side: u32| (16..=LONGEST_SIDE).contains(&side) && side.is_multiple_of(2);
        if !fits(size.0) || !fits(size.1) {
            let message = format!(
                "a clip of {} by {} px cannot be encoded, sides must be even, from 16 to {LONGEST_SIDE}",
                size.0, size.1
            );
            return Err(Fault::new(Code::ProcessingFailure, message));
        }
        let bits = f64::from(size.0) * f64::from(size.1) * f64::from(rate) * BITS;
        // One thread, so that the same frames give the same file.
        let settings = EncoderConfig::new()
            .profile(Profile::Baseline)
            .bitrate(BitRate::from_bps(bits.max(100_000.0) as u32))
            .max_frame_rate(FrameRate::from_hz(rate as f32))
            .rate_control_mode(RateControlMode::Bitrate)
            .skip_frames(false)
            .complexity(Complexity::High)
            .intra_frame_period(IntraFramePeriod::from_num_frames(rate))
            .vui(VuiConfig::bt601())
            .num_threads(1);
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), settings);
        let encoder = encoder.map_err(|error| failed("start", &error))?;
        Ok(Self { encoder, size, rate, parameters: Default::default(), samples: vec![] })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// `PROCESSING_FAILURE` for one of another size; `AI_SERVICE_INTERNAL_ERROR` where it is not encoded.
    pub fn push(&mut self, frame: &RgbImage) -> Result<()> {
        if frame.dimensions() != self.size {
            let message =
                format!("a frame has {:?} px, the clip {:?}", frame.dimensions(), self.size);
            return Err(Fault::new(Code::ProcessingFailure, message));
        }
        let sides = (self.size.0 as usize, self.size.1 as usize);
        let yuv = YUVBuffer::from_rgb8_source(RgbSliceU8::new(frame.as_raw(), sides));
        let stream = self.encoder.encode(&yuv).map_err(|error| failed("encode", &error))?;
        let key = matches!(stream.frame_type(), FrameType::IDR | FrameType::I);
        let mut bytes = vec![];
        for unit in units(&stream.to_vec()) {
            match unit[0] & 0x1f {
                SEQUENCE => self.parameters[0] = unit.to_vec(),
                PICTURE => self.parameters[1] = unit.to_vec(),
                _ => {
                    bytes.extend((unit.len() as u32).to_be_bytes());
                    bytes.extend(unit);
                }
            }
        }
        if bytes.is_empty() {
            return Err(Fault::new(Code::AiServiceInternalError, "the encoder skipped a frame"));
        }
        self.samples.push(Sample { bytes, key });
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// `PROCESSING_FAILURE` for a clip without frames.
    pub fn finish(self) -> Result<Vec<u8>> {
        if self.samples.is_empty() {
            return Err(Fault::new(Code::ProcessingFailure, "a clip without frames"));
        }
        Ok(mp4::file(&self))
    }
}

fn failed(what: &str, error: &openh264::Error) -> Fault {
    Fault::new(Code::AiServiceInternalError, format!("the video encoder failed to {what}: {error}"))
}

/// The kinds of units that hold parameters.
const SEQUENCE: u8 = 7;
const PICTURE: u8 = 8;

/// The units of a byte stream, without the start codes between them.
fn units(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts = vec![];
    let mut at = 0;
    while at + 3 <= stream.len() {
        if stream[at..].starts_with(&[0, 0, 1]) {
            starts.push(at);
            at += 3;
        } else {
            at += 1;
        }
    }
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let unit = |(start, end): (usize, usize)| {
        let unit = &stream[start + 3..end];
        // A start code of four bytes leaves its first zero behind.
        let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
        &unit[..unit.len() - zeros]
    };
    starts.iter().copied().zip(ends).map(unit).filter(|unit| !unit.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_parted_at_their_start_codes() {
        let stream = [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 3, 0, 0, 1, 0x65, 0, 4];
        assert_eq!(units(&stream), [&[0x67, 1, 2][..], &[0x68, 3], &[0x65, 0, 4]]);
        assert!(units(&[0, 0]).is_empty());
    }

    #[test]
    fn sizes_that_cannot_be_encoded_are_refused() {
        for size in [(15, 32), (33, 32), (32, 1282), (0, 0)] {
            let fault = Clip::new(size, 24).err().expect("refused");
            assert_eq!(fault.code(), Code::ProcessingFailure);
        }
        let empty = Clip::new((32, 32), 24).expect("starts").finish();
        assert_eq!(empty.expect_err("refused").code(), Code::ProcessingFailure);
    }
}
