//! Pictures, masks and videos that a request sends.

use bytes::Bytes;
use image::GrayImage;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Header, Photo, decode, jpeg_quality, probe};

use crate::field::{FileField, FilePresence, Media};
use crate::form::Form;
use crate::moderation::Passage;
use crate::source::{Reference, Source};
use crate::work::Work;

/// A picture that was sent: its field, its bytes and what its header says. Nothing is decoded yet.
#[derive(Clone, Debug)]
pub struct Picture {
    field: &'static str,
    bytes: Bytes,
    header: Header,
}

impl Picture {
    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The file as it was sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The quality that a JPEG was compressed with, see [`jpeg_quality`]; `None` for other formats.
    pub fn jpeg_quality(&self) -> Option<u8> {
        jpeg_quality(&self.bytes)
    }

    /// Decodes to upright 8-bit sRGB, as the stage `decode`, and shows that to the operator's policy.
    ///
    /// # Errors
    /// `FILE_DECODING_FAILURE` for a damaged file; those of [`Work::judge`] and [`Work::stage`].
    pub fn decode(&self, work: &Work) -> Result<Photo> {
        let photo = work.stage("decode", || decode(&self.bytes, &self.header))?;
        work.judge(Passage::Input(self.field), &photo.rgb)?;
        Ok(photo)
    }
}

/// A mask that was sent, of the size of the picture that it belongs to.
#[derive(Clone, Debug)]
pub struct Mask(Picture);

/// A pixel of a mask means "here" where its luma is more than this and it is not transparent.
const LARGEST_BLACK: u8 = 127;

impl Mask {
    /// The file and its header.
    pub fn picture(&self) -> &Picture {
        &self.0
    }

    /// 255 where the mask says "here" (luma above 127 and alpha above 0), 0 elsewhere; as the stage
    /// `decode`.
    ///
    /// # Errors
    /// Those of [`Picture::decode`].
    pub fn decode(&self, work: &Work) -> Result<GrayImage> {
        let Photo { rgb, alpha } = self.0.decode(work)?;
        let mut mask = image::imageops::grayscale(&rgb);
        mask.iter_mut().for_each(|luma| *luma = if *luma > LARGEST_BLACK { 255 } else { 0 });
        if let Some(alpha) = alpha {
            let transparent = mask.iter_mut().zip(alpha.iter()).filter(|(_, alpha)| **alpha == 0);
            transparent.for_each(|(mask, _)| *mask = 0);
        }
        Ok(mask)
    }
}

/// A video that was sent: an MP4, as far as its field says. Nothing of it is read yet.
#[derive(Clone, Debug)]
pub struct Video(Bytes);

impl Video {
    /// The file as it was sent.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FileField {
    /// Reads a video that every request needs, and checks its size.
    ///
    /// # Errors
    /// Those of [`Self::read`] but for what the header of a picture says.
    pub fn read_video(&self, form: &Form) -> Result<Video> {
        let bytes = self.first(form).ok_or_else(|| self.absent(form))?;
        self.check_bytes(bytes)?;
        Ok(Video(bytes.clone()))
    }

    /// Reads a file that every request needs and checks its header against the rules.
    ///
    /// # Errors
    /// `MISSING_PARAMETERS` where it is absent, `PARAMETERS_CANNOT_EMPTY` where it has no bytes,
    /// `ERROR_PARAMETERS` where it is text; else those of [`Rules`](safelight_imaging::Rules).
    pub fn read(&self, form: &Form) -> Result<Picture> {
        match self.first(form) {
            Some(bytes) => self.check(bytes),
            None => Err(self.absent(form)),
        }
    }

    /// Like [`Self::read`], for a file that need not be sent. What a form sends of a field that nobody filled
    /// in, a file of 0 bytes or an empty text, is none.
    ///
    /// # Errors
    /// Those of [`Self::read`] for a file that is there.
    pub fn read_if_sent(&self, form: &Form) -> Result<Option<Picture>> {
        if self.is_sent(form) { self.read(form).map(Some) } else { Ok(None) }
    }

    /// Reads all files of the name; where none is needed, blank ones are none.
    ///
    /// # Errors
    /// `ERROR_TOO_MANY_FILES` and `ERROR_INCORRECT_FILE_COUNT` where there are too many or too few;
    /// else those of [`Self::read`].
    pub fn read_all(&self, form: &Form) -> Result<Vec<Picture>> {
        let blank = |bytes: &&Bytes| bytes.is_empty() && !self.is_required();
        let files: Vec<_> = self.files(form).iter().filter(|bytes| !blank(bytes)).collect();
        if let FilePresence::Several(counts) = &self.presence {
            let (least, most, name) = (*counts.start(), *counts.end(), self.name);
            let found = files.len();
            if found > most {
                let message = format!("{name} holds {found} files, {most} are the most");
                return Err(Fault::new(Code::TooManyFiles, message));
            }
            if found == 0 && least > 0 {
                return Err(self.absent(form));
            }
            if found < least {
                let message = format!("{name} holds {found} files, {least} are the least");
                return Err(Fault::new(Code::IncorrectFileCount, message));
            }
        }
        files.into_iter().map(|bytes| self.check(bytes)).collect()
    }

    /// Reads a mask of the size of `of`.
    ///
    /// # Errors
    /// `ERROR_MASK_IMAGE_RESOLUTION_MISMATCH` where the size is another; else those of
    /// [`Self::read`].
    pub fn read_mask(&self, form: &Form, of: &Picture) -> Result<Mask> {
        let mask = self.read(form)?;
        let size = |picture: &Picture| (picture.header.width, picture.header.height);
        let ((width, height), (wanted_width, wanted_height)) = (size(&mask), size(of));
        if (width, height) == (wanted_width, wanted_height) {
            return Ok(Mask(mask));
        }
        Err(Fault::new(
            Code::MaskImageResolutionMismatch,
            format!(
                "{} has {width}×{height} pixels, {} has {wanted_width}×{wanted_height}; they must be equal",
                self.name,
                self.mask_of.unwrap_or("the picture"),
            ),
        ))
    }

    /// Like [`Self::read_mask`], for a mask that need not be sent.
    ///
    /// # Errors
    /// Those of [`Self::read_mask`] for a mask that is there.
    pub fn read_mask_if_sent(&self, form: &Form, of: &Picture) -> Result<Option<Mask>> {
        if self.is_sent(form) { self.read_mask(form, of).map(Some) } else { Ok(None) }
    }

    /// Whether there is more than a blank file or text.
    fn is_sent(&self, form: &Form) -> bool {
        let text = || self.text(form).is_some_and(|text| !text.trim().is_empty());
        self.files(form).iter().any(|bytes| !bytes.is_empty()) || text()
    }

    /// The first file that is not blank, else the first.
    fn first<'a>(&self, form: &'a Form) -> Option<&'a Bytes> {
        let files = self.files(form);
        files.iter().find(|bytes| !bytes.is_empty()).or_else(|| files.first())
    }

    /// Where a file of this field may come from: uploads keep pictures alone.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        let is_video = self.media == Media::Video;
        Source::ALL.into_iter().filter(move |source| !(is_video && *source == Source::FileId))
    }

    /// How a reference to a file of this field is called that comes from `source`.
    pub fn reference_name(&self, source: Source) -> String {
        format!("{}{}", self.name, source.suffix())
    }

    /// The source of references that are sent under this name.
    pub(crate) fn source_called(&self, name: &str) -> Option<Source> {
        let is_own = |stem: &str| self.names().any(|own| own == stem);
        self.sources().find(|source| name.strip_suffix(source.suffix()).is_some_and(is_own))
    }

    /// The references that stand for files of this field: none where files were sent. An empty
    /// reference counts as absent, as an empty parameter does.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER` where files come from more than one source.
    pub fn references<'a>(&self, form: &'a Form) -> Result<Vec<&'a Reference>> {
        let filled = form.references_of(self.name).iter().filter(|r| !r.text.trim().is_empty());
        let filled: Vec<_> = filled.collect();
        let sent = self.files(form).iter().any(|bytes| !bytes.is_empty());
        let named = |source: &Source| filled.iter().any(|reference| reference.source == *source);
        let named = self.sources().filter(named);
        let names = sent.then(|| self.name.to_owned()).into_iter();
        let names: Vec<_> = names.chain(named.map(|source| self.reference_name(source))).collect();
        match names.as_slice() {
            [first, second, ..] => Err(Fault::new(
                Code::InvalidParameter,
                format!("{first} and {second} are both sent, one is needed"),
            )),
            _ => Ok(filled),
        }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    fn files<'a>(&self, form: &'a Form) -> &'a [Bytes] {
        self.names().map(|name| form.files_of(name)).find(|files| !files.is_empty()).unwrap_or(&[])
    }

    fn text<'a>(&self, form: &'a Form) -> Option<&'a str> {
        self.names().find_map(|name| form.text(name))
    }

    fn absent(&self, form: &Form) -> Fault {
        let name = self.name;
        if self.text(form).is_some() {
            let others: Vec<_> = self.sources().map(|source| self.reference_name(source)).collect();
            return Fault::new(
                Code::ErrorParameters,
                format!(
                    "{name} is text, it must be sent as a file of multipart/form-data, or as one of {}",
                    others.join(", ")
                ),
            );
        }
        match form.references_of(name).first() {
            Some(empty) => {
                let name = self.reference_name(empty.source);
                Fault::new(Code::ParametersCannotEmpty, format!("{name} is empty"))
            }
            None => Fault::new(Code::MissingParameters, format!("{name} is missing")),
        }
    }

    fn check_bytes(&self, bytes: &Bytes) -> Result<()> {
        if bytes.is_empty() {
            let message = format!("{} is a file of 0 bytes", self.name);
            return Err(Fault::new(Code::ParametersCannotEmpty, message));
        }
        self.rules.check_size(self.name, bytes.len() as u64)
    }

    fn check(&self, bytes: &Bytes) -> Result<Picture> {
        let name = self.name;
        self.check_bytes(bytes)?;
        let header = probe(bytes)
            .map_err(|fault| Fault::new(fault.code(), format!("{name}: {}", fault.message())))?;
        self.rules.check(name, &header)?;
        Ok(Picture { field: name, bytes: bytes.clone(), header })
    }
}

/// Fields that hold pictures.
pub trait Pictures {
    /// Adds the pictures that this holds.
    fn add_to<'a>(&'a self, pictures: &mut Vec<&'a Picture>);
}

impl Pictures for Picture {
    fn add_to<'a>(&'a self, pictures: &mut Vec<&'a Picture>) {
        pictures.push(self);
    }
}

impl Pictures for Mask {
    fn add_to<'a>(&'a self, pictures: &mut Vec<&'a Picture>) {
        pictures.push(&self.0);
    }
}

impl<T: Pictures> Pictures for Option<T> {
    fn add_to<'a>(&'a self, pictures: &mut Vec<&'a Picture>) {
        self.iter().for_each(|item| item.add_to(pictures));
    }
}

impl<T: Pictures> Pictures for Vec<T> {
    fn add_to<'a>(&'a self, pictures: &mut Vec<&'a Picture>) {
        self.iter().for_each(|item| item.add_to(pictures));
    }
}
