//! Request bodies that `Content-Encoding` says are compressed, decoded while they are read: what
//! comes out is limited and accounted for like a body that was sent plainly.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use hyper::body::{Body as HttpBody, Frame};
use safelight_contract::{Code, Fault, Result, shortened};

use super::metered::Broken;

/// Decoded bytes come in pieces of at most this size, so that a small body that expands without end
/// is cut off at the first limit it meets.
const PIECE: usize = 64 << 10;

/// The largest window that the formats know, 32 KiB, as the power of two.
const WINDOW_BITS: u8 = 15;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Gzip,
    /// In the wrapping of zlib as the standard has it, or without any, as some clients send it.
    Deflate,
}

impl Encoding {
    /// What the headers say; `None` for a plain body.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>> {
        let values = headers.get_all(CONTENT_ENCODING).iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
        let named = texts.collect::<Vec<_>>().join(", ").to_ascii_lowercase();
        let mut codings = named.split(',').map(str::trim);
        let mut found = None;
        for coding in codings.by_ref().filter(|coding| !matches!(*coding, "" | "identity")) {
            found = match (coding, found) {
                ("gzip" | "x-gzip", None) => Some(Self::Gzip),
                ("deflate", None) => Some(Self::Deflate),
                _ => return Err(unknown(&named)),
            };
        }
        Ok(found)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

fn unknown(named: &str) -> Fault {
    let shown = shortened(named);
    Fault::new(
        Code::ErrorParameters,
        format!("the header Content-Encoding is `{shown}`, allowed are gzip, deflate and identity"),
    )
}

/// A compressed body, read as what is in it.
pub(super) struct Decoded {
    body: Body,
    encoding: Encoding,
    /// Compressed bytes that may have come.
    limit: u64,
    received: u64,
    state: State,
    input: Bytes,
}

enum State {
    /// Before the first bytes, which tell the two forms of `deflate` apart.
    Start(Vec<u8>),
    /// In the midst; `full` says that more may come out without further input.
    Decoding { decoder: Box<Decompress>, full: bool },
    /// The compressed data has ended.
    Ended,
}

impl Decoded {
    /// Reads `body`, of which at most `limit` bytes may come.
    pub fn new(body: Body, encoding: Encoding, limit: u64) -> Self {
        let state = State::Start(Vec::with_capacity(2));
        Self { body, encoding, limit, received: 0, state, input: Bytes::new() }
    }

    fn invalid(&self, why: &str) -> Broken {
        let name = self.encoding.name();
        Broken::Encoding(format!("the header Content-Encoding is {name}, but the body {why}"))
    }

    /// Decodes a piece of what came; `None` when more has to come first.
    fn step(&mut self) -> Result<Option<Bytes>, Broken> {
        if let State::Start(first) = &mut self.state {
            while first.len() < 2 && self.input.has_remaining() {
                first.push(self.input.get_u8());
            }
            let [a, b] = first[..] else { return Ok(None) };
            let decoder = Box::new(self.encoding.decoder([a, b]));
            self.input = [&[a, b], &self.input[..]].concat().into();
            self.state = State::Decoding { decoder, full: false };
        }
        let State::Decoding { decoder, full } = &mut self.state else {
            return match self.input.is_empty() {
                true => Ok(None),
                false => Err(self.invalid("goes on after the end of the compressed data")),
            };
        };
        if self.input.is_empty() && !*full {
            return Ok(None);
        }
        let mut piece = Vec::with_capacity(PIECE);
        let before = decoder.total_in();
        let status = decoder.decompress_vec(&self.input, &mut piece, FlushDecompress::None);
        let used = (decoder.total_in() - before) as usize;
        *full = piece.len() == piece.capacity();
        let stuck = used == 0 && piece.is_empty() && !self.input.is_empty();
        match status {
            Ok(Status::StreamEnd) => self.state = State::Ended,
            Ok(_) if !stuck => {}
            _ => return Err(self.invalid("cannot be decoded as that")),
        }
        self.input.advance(used);
        Ok(Some(piece.into()).filter(|piece: &Bytes| !piece.is_empty()))
    }

    /// Whether nothing more can be made of what came.
    fn is_dry(&self) -> bool {
        let full = matches!(self.state, State::Decoding { full: true, .. });
        self.input.is_empty() && !full
    }

    fn receive(&mut self, frame: Frame<Bytes>) -> Result<(), Broken> {
        let Ok(data) = frame.into_data() else { return Ok(()) };
        self.received += data.len() as u64;
        if self.received > self.limit {
            return Err(Broken::TooLarge { size: self.received, limit: self.limit });
        }
        self.input = data;
        Ok(())
    }

    fn end(&self) -> Option<Result<Frame<Bytes>, Broken>> {
        let complete = self.received == 0 || matches!(self.state, State::Ended);
        (!complete).then(|| Err(self.invalid("ends within the compressed data")))
    }
}

impl Encoding {
    fn decoder(self, [a, b]: [u8; 2]) -> Decompress {
        // A zlib header: method 8, a window of at most 32 KiB, and a check of both bytes.
        let wrapped = a & 0x0f == 8 && a >> 4 <= 7 && u16::from_be_bytes([a, b]).is_multiple_of(31);
        match self {
            Self::Gzip => Decompress::new_gzip(WINDOW_BITS),
            Self::Deflate => Decompress::new_with_window_bits(wrapped, WINDOW_BITS),
        }
    }
}

impl HttpBody for Decoded {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            while !self.is_dry() {
                if let Some(piece) = self.step().transpose() {
                    return Poll::Ready(Some(piece.map(Frame::data)));
                }
            }
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Err(broken) = self.receive(frame) {
                        return Poll::Ready(Some(Err(broken)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(self.end()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    const TEXT: &[u8] = b"what is in the body, what is in the body";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    /// A body in pieces of this size.
    fn body(bytes: &[u8], size: usize) -> Body {
        let frames: Vec<_> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
        let frames = frames.into_iter().map(|data| Ok::<_, Broken>(Frame::data(data)));
        Body::new(StreamBody::new(futures_util::stream::iter(frames)))
    }

    async fn decoded(encoding: Encoding, bytes: &[u8], size: usize) -> Result<Bytes, Broken> {
        let decoded = Decoded::new(body(bytes, size), encoding, 1 << 20);
        decoded.collect().await.map(|all| all.to_bytes())
    }

    #[tokio::test]
    async fn every_form_is_decoded_in_whatever_pieces_it_comes() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(TEXT).expect("memory");
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(TEXT).expect("memory");
        for (encoding, bytes) in [
            (Encoding::Gzip, gzip(TEXT)),
            (Encoding::Deflate, zlib.finish().expect("memory")),
            (Encoding::Deflate, raw.finish().expect("memory")),
        ] {
            for size in [1, 2, 3, 1000] {
                let found = decoded(encoding, &bytes, size).await.expect("is decoded");
                assert_eq!(found, TEXT, "{encoding:?} in pieces of {size}");
            }
        }
        assert_eq!(decoded(Encoding::Gzip, b"", 1).await.expect("nothing"), Bytes::new());
    }

    #[tokio::test]
    async fn what_is_not_as_it_says_is_refused() {
        let whole = gzip(TEXT);
        let mut flipped = whole.clone();
        let crc = flipped.len() - 8;
        flipped[crc] ^= 1;
        for (bytes, why) in [
            (&whole[..whole.len() - 1], "ends within"),
            (&whole[..1], "ends within"),
            (&[&whole[..], b"more"].concat(), "goes on after"),
            (&flipped, "cannot be decoded"),
            (TEXT, "cannot be decoded"),
        ] {
            for size in [1, 1000] {
                let broken = decoded(Encoding::Gzip, bytes, size).await.expect_err(why);
                let Broken::Encoding(message) = broken else { panic!("{broken:?}") };
                assert!(message.contains("Content-Encoding"), "{message}");
                assert!(message.contains(why), "{why} in {message}");
            }
        }
    }

    #[tokio::test]
    async fn a_bomb_comes_out_piece_by_piece() {
        let bomb = gzip(&vec![0; 64 << 20]);
        assert!(bomb.len() < 100_000);
        let mut decoded = Decoded::new(body(&bomb, bomb.len()), Encoding::Gzip, 1 << 20);
        for _ in 0..4 {
            let frame = decoded.frame().await.expect("a frame").expect("is decoded");
            assert!(frame.into_data().expect("data").len() <= PIECE);
        }
        // What came compressed has a limit of its own.
        let mut small = Decoded::new(body(&bomb, 1000), Encoding::Gzip, 2000);
        let broken = loop {
            if let Err(broken) = small.frame().await.expect("no end") {
                break broken;
            }
        };
        assert!(matches!(broken, Broken::TooLarge { limit: 2000, .. }), "{broken:?}");
    }

    #[test]
    fn headers_are_read_as_the_standard_has_it() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, value.parse().expect("a value"));
            }
            Encoding::of(&headers)
        };
        for plain in [&[][..], &["identity"], &[""], &["Identity, "]] {
            assert_eq!(of(plain), Ok(None), "{plain:?}");
        }
        for gzip in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
            assert_eq!(of(&[gzip]), Ok(Some(Encoding::Gzip)), "{gzip}");
        }
        assert_eq!(of(&["deflate"]), Ok(Some(Encoding::Deflate)));
        for other in [&["br"][..], &["gzip, gzip"], &["gzip", "deflate"], &["zstd"]] {
            let fault = of(other).expect_err("is refused");
            assert_eq!(fault.code(), Code::ErrorParameters);
            assert!(fault.message().contains("Content-Encoding"), "{fault}");
        }
    }
}
