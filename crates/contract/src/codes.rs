//! The table of error codes. Every code stands here once: its name, its HTTP status in both
//! editions, its coarse code (`error_code_str`) and its message (`error_detail.code_message`).
//!
//! The 123 names, messages and 2025 statuses are those of the response description. Of the coarse
//! codes only the pair `ERROR_NO_FACE_IN_FILE` → `FILE_CONTENT_NON_COMPLIANCE` is documented there;
//! the others follow one rule: a code that is itself coarse stands for itself, missing things are
//! `MISSING_PARAMETERS`, malformed ones and unknown or conflicting identifiers `ERROR_PARAMETERS`,
//! values out of range `UNSUPPORTED_PARAMETER_VALUES`, quotas `EXCEEDING_LIMITS`, file transfer
//! `FILE_SERVICE_ERROR`, engine failures `AI_SERVICE_ERROR`, whatever is wrong with a picture's
//! content `FILE_CONTENT_NON_COMPLIANCE`, and a job that could not be carried out
//! `PROCESSING_FAILURE`.

use std::fmt;
use std::str::FromStr;

/// Which edition of the contract decides the HTTP status of a code.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Edition {
    /// The response description of 2025: the default.
    #[default]
    #[serde(rename = "2025")]
    E2025,
    /// The vendor's pages since January 2026.
    #[serde(rename = "2026")]
    E2026,
}

/// The HTTP statuses of a code in the two editions.
enum Statuses {
    /// Known in both editions: (2025, 2026).
    Both(u16, u16),
    /// Known since 2026 only: its status, and the code that stands in for it in edition 2025.
    Only2026(u16, Code),
}

macro_rules! codes {
    ($($variant:ident, $name:literal, $statuses:expr, $coarse:ident, $message:literal;)*) => {
        /// An error code of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`: ", $message)] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the response description; the three of 2026 last.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The name on the wire, e.g. `ERROR_NO_FACE_IN_FILE`.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// What the code means, as the contract words it (`error_detail.code_message`).
            pub const fn message(self) -> &'static str {
                match self { $(Code::$variant => $message,)* }
            }

            /// The coarse code this one belongs to (`error_code_str`), one of 23.
            pub const fn coarse(self) -> Code {
                match self { $(Code::$variant => Code::$coarse,)* }
            }

            const fn statuses(self) -> Statuses {
                use Statuses::{Both, Only2026};
                match self { $(Code::$variant => $statuses,)* }
            }
        }
    };
}

codes! {
ProcessingFailure, "PROCESSING_FAILURE", Both(400, 500), ProcessingFailure, "Processing failed.";
ErrorParameters, "ERROR_PARAMETERS", Both(400, 400), ErrorParameters, "Invalid parameters.";
MissingParameters, "MISSING_PARAMETERS", Both(400, 400), MissingParameters, "Missing parameters.";
InvalidParameter, "ERROR_INVALID_PARAMETER", Both(400, 400), ErrorParameters, "Invalid parameter.";
ParametersCannotEmpty, "PARAMETERS_CANNOT_EMPTY", Both(400, 400), ParametersCannotEmpty, "Parameters cannot be empty.";
MissingLimitParameter, "ERROR_MISSING_LIMIT_PARAMETER", Both(400, 400), MissingParameters, "Missing Limit parameter.";
MissingTasksParameter, "ERROR_MISSING_TASKS_PARAMETER", Both(400, 400), MissingParameters, "Missing Tasks parameter.";
MissingAssureDirectionParameter, "ERROR_MISSING_ASSURE_DIRECTION_PARAMETER", Both(400, 400), MissingParameters, "Missing AssureDirection parameter.";
MissingMinHeightParameter, "ERROR_MISSING_MIN_HEIGHT_PARAMETER", Both(400, 400), MissingParameters, "Missing MinHeight parameter.";
InvalidSideParameter, "ERROR_INVALID_SIDE_PARAMETER", Both(400, 400), ErrorParameters, "Invalid value for Side parameter.";
TooManyFiles, "ERROR_TOO_MANY_FILES", Both(400, 413), ErrorParameters, "Number of files exceeds the limit.";
FaceTraceLimitExceeded, "ERROR_FACE_TRACE_LIMIT_EXCEEDED", Both(400, 429), ExceedingLimits, "Face or Trace limit exceeded.";
DatabaseLimitExceeded, "ERROR_DATABASE_LIMIT_EXCEEDED", Both(400, 429), ExceedingLimits, "Database limit exceeded.";
InvalidResponseFormat, "ERROR_INVALID_RESPONSE_FORMAT", Both(400, 406), ErrorParameters, "Incorrect response format (Accept not supported).";
UnsupportedResponseFormat, "ERROR_UNSUPPORTED_RESPONSE_FORMAT", Both(400, 400), ErrorParameters, "Incorrect response format (Format not supported).";
TooManyGroupsInGroupList, "ERROR_TOO_MANY_GROUPS_IN_GROUP_LIST", Both(400, 400), ErrorParameters, "Too many groups in group_list.";
TooManyUidsInUidList, "ERROR_TOO_MANY_UIDS_IN_UID_LIST", Both(400, 400), ErrorParameters, "Too many UIDs in uid_list.";
TooManyAppsInAppList, "ERROR_TOO_MANY_APPS_IN_APP_LIST", Both(400, 400), ErrorParameters, "Too many apps in app_list.";
BatchTaskLimitExceeded, "ERROR_BATCH_TASK_LIMIT_EXCEEDED", Both(400, 429), ExceedingLimits, "Batch task processing limit exceeded.";
CleaningUserGroupData, "ERROR_CLEANING_USER_GROUP_DATA", Both(400, 503), ProcessingFailure, "Cleaning user group data.";
ImageStorageNotSupported, "ERROR_IMAGE_STORAGE_NOT_SUPPORTED", Both(400, 501), ErrorParameters, "Image storage not supported.";
InsufficientResources, "ERROR_INSUFFICIENT_RESOURCES", Both(400, 503), ProcessingFailure, "Insufficient resources.";
ResourceInTransit, "ERROR_RESOURCE_IN_TRANSIT", Both(400, 503), ProcessingFailure, "Resource in transit.";
FileDownloadFailed, "ERROR_FILE_DOWNLOAD_FAILED", Both(400, 502), FileServiceError, "File download failed.";
FileUploadFailed, "ERROR_FILE_UPLOAD_FAILED", Both(400, 502), FileServiceError, "File upload failed.";
FileDecodingFailure, "FILE_DECODING_FAILURE", Both(400, 422), FileDecodingFailure, "File decoding failed.";
FaceBlendingFailed, "ERROR_FACE_BLENDING_FAILED", Both(400, 502), ProcessingFailure, "Face blending failed.";
FaceImageAdditionFailed, "ERROR_FACE_IMAGE_ADDITION_FAILED", Both(400, 502), ProcessingFailure, "Failed to add face image.";
GetFaceImageFailed, "ERROR_GET_FACE_IMAGE_FAILED", Both(400, 502), FileServiceError, "Failed to get face image.";
DataTransferFailed, "ERROR_DATA_TRANSFER_FAILED", Both(400, 502), FileServiceError, "Data transfer (download or upload) failed.";
TaskRevocationFailed, "ERROR_TASK_REVOCATION_FAILED", Both(400, 409), ProcessingFailure, "Task revocation failed.";
ResourceUnavailable, "ERROR_RESOURCE_UNAVAILABLE", Both(400, 503), ProcessingFailure, "Resource temporarily unavailable.";
FileDownloadTimeout, "ERROR_FILE_DOWNLOAD_TIMEOUT", Both(400, 504), FileServiceError, "File download timeout.";
UserNotExists, "ERROR_USER_NOT_EXISTS", Both(401, 401), UserNotExists, "The user does not exist.";
ApplicationsNotExists, "ERROR_APPLICATIONS_NOT_EXISTS", Both(401, 401), ApplicationsNotExists, "The application does not exist.";
UserLocked, "ERROR_USER_LOCKED", Both(403, 403), UserLocked, "The user is locked.";
AiServiceUnauthorized, "AI_SERVICE_UNAUTHORIZED", Both(403, 502), AiServiceError, "AI service unauthorized. Please try again later. If not resolved promptly, contact the platform.";
IllegalFile, "ERROR_ILLEGAL_FILE", Both(403, 422), FileContentNonCompliance, "Illegal file.";
AiNotExists, "ERROR_AI_NOT_EXISTS", Both(404, 404), AiNotExists, "AI does not exist or has been deactivated, please contact the platform.";
AiServiceNotFound, "AI_SERVICE_NOT_FOUND", Both(404, 502), AiServiceError, "AI service not found. Please try again later. If not resolved promptly, contact the platform.";
FileNotFound, "ERROR_FILE_NOT_FOUND", Both(404, 404), FileServiceError, "File not found.";
FaceNotFound, "ERROR_FACE_NOT_FOUND", Both(404, 404), ErrorParameters, "Face not found.";
UserGroupNotFound, "ERROR_USER_GROUP_NOT_FOUND", Both(404, 404), ErrorParameters, "User group not found.";
UserNotFound, "ERROR_USER_NOT_FOUND", Both(404, 404), ErrorParameters, "User not found.";
FaceTokenNotFound, "ERROR_FACE_TOKEN_NOT_FOUND", Both(404, 404), ErrorParameters, "Face token not found.";
ContentNotFound, "ERROR_CONTENT_NOT_FOUND", Both(404, 404), ErrorParameters, "Content not found.";
ResourceNotFound, "ERROR_RESOURCE_NOT_FOUND", Both(404, 404), ErrorParameters, "Resource not found.";
IllegalOperation, "ERROR_ILLEGAL_OPERATION", Both(405, 403), ErrorParameters, "Illegal operation.";
FaceAlreadyExists, "ERROR_FACE_ALREADY_EXISTS", Both(409, 409), ErrorParameters, "Face already exists.";
DataAlreadyExists, "ERROR_DATA_ALREADY_EXISTS", Both(409, 409), ErrorParameters, "Data already exists.";
UserGroupAlreadyExists, "ERROR_USER_GROUP_ALREADY_EXISTS", Both(409, 409), ErrorParameters, "User group already exists.";
UserAlreadyExists, "ERROR_USER_ALREADY_EXISTS", Both(409, 409), ErrorParameters, "User already exists.";
DuplicateGroupName, "ERROR_DUPLICATE_GROUP_NAME", Both(409, 409), ErrorParameters, "Duplicate group name.";
ResourceInUse, "ERROR_RESOURCE_IN_USE", Both(409, 409), ProcessingFailure, "Resource is in use.";
TaskConflict, "ERROR_TASK_CONFLICT", Both(409, 409), ProcessingFailure, "Task conflict.";
TaskRevoked, "ERROR_TASK_REVOKED", Both(409, 410), ErrorParameters, "Task has already been revoked.";
ResourceReclaimed, "ERROR_RESOURCE_RECLAIMED", Both(410, 410), ErrorParameters, "Resource has been reclaimed.";
FileSizeExceedsLimit, "FILE_SIZE_EXCEEDS_LIMIT", Both(413, 413), FileSizeExceedsLimit, "File size exceeds limit.";
ContentTooLong, "ERROR_CONTENT_TOO_LONG", Both(413, 422), ErrorParameters, "Content length exceeds limit.";
VideoDurationExceeded, "ERROR_VIDEO_DURATION_EXCEEDED", Both(413, 422), FileSizeExceedsLimit, "Video duration exceeds limit.";
RequestBodyTooLarge, "ERROR_REQUEST_BODY_TOO_LARGE", Both(413, 413), FileSizeExceedsLimit, "Request body size exceeds limit.";
ResponseBodyTooLarge, "ERROR_RESPONSE_BODY_TOO_LARGE", Both(413, 500), ProcessingFailure, "Response body size exceeds limit.";
UnsupportedFileTypes, "UNSUPPORTED_FILE_TYPES", Both(415, 415), UnsupportedFileTypes, "Unsupported file types.";
InvalidOutputFormat, "ERROR_INVALID_OUTPUT_FORMAT", Both(415, 400), UnsupportedParameterValues, "Invalid output format.";
UnsupportedGrayscaleImage, "ERROR_UNSUPPORTED_GRAYSCALE_IMAGE", Both(415, 415), UnsupportedFileTypes, "Grayscale image not supported.";
UnsupportedParameterValues, "UNSUPPORTED_PARAMETER_VALUES", Both(422, 400), UnsupportedParameterValues, "Invalid parameter values.";
InvalidFaceBoxParameter, "ERROR_INVALID_FACE_BOX_PARAMETER", Both(422, 400), UnsupportedParameterValues, "Face box parameter does not meet requirements.";
InvalidBigEyesParameter, "ERROR_INVALID_BIG_EYES_PARAMETER", Both(422, 400), UnsupportedParameterValues, "Big eyes parameter does not meet requirements.";
InvalidFaceSlimmingParameter, "ERROR_INVALID_FACE_SLIMMING_PARAMETER", Both(422, 400), UnsupportedParameterValues, "Face slimming parameter does not meet requirements.";
InvalidSmoothingParameter, "ERROR_INVALID_SMOOTHING_PARAMETER", Both(422, 400), UnsupportedParameterValues, "Smoothing parameter does not meet requirements.";
InvalidSkinWhiteningParameter, "ERROR_INVALID_SKIN_WHITENING_PARAMETER", Both(422, 400), UnsupportedParameterValues, "Skin whitening parameter does not meet requirements.";
InvalidParameterFormat, "ERROR_INVALID_PARAMETER_FORMAT", Both(422, 400), ErrorParameters, "Invalid parameter format.";
ParameterConversionFailed, "ERROR_PARAMETER_CONVERSION_FAILED", Both(422, 400), ErrorParameters, "Parameter conversion failed.";
FileResolutionExceedsLimits, "FILE_RESOLUTION_EXCEEDS_LIMITS", Both(422, 413), FileResolutionExceedsLimits, "File resolution exceeds limits.";
LowResolution, "ERROR_LOW_RESOLUTION", Both(422, 422), FileResolutionExceedsLimits, "File resolution too low.";
HighResolution, "ERROR_HIGH_RESOLUTION", Both(422, 413), FileResolutionExceedsLimits, "File resolution too high.";
InvalidFile, "ERROR_INVALID_FILE", Both(422, 422), FileContentNonCompliance, "Invalid file.";
FileContentNonCompliance, "FILE_CONTENT_NON_COMPLIANCE", Both(422, 422), FileContentNonCompliance, "File content does not meet requirements.";
IncorrectFileCount, "ERROR_INCORRECT_FILE_COUNT", Both(422, 422), ErrorParameters, "Incorrect number of files.";
NoFaceInFile, "ERROR_NO_FACE_IN_FILE", Both(422, 422), FileContentNonCompliance, "No face detected in the file.";
FaceSizeNotMeetRequirements, "ERROR_FACE_SIZE_NOT_MEET_REQUIREMENTS", Both(422, 422), FileContentNonCompliance, "Face size does not meet requirements.";
FaceSizeRatioNotMet, "ERROR_FACE_SIZE_RATIO_NOT_MET", Both(422, 422), FileContentNonCompliance, "Face size ratio does not meet requirements.";
SmallFaceSize, "ERROR_SMALL_FACE_SIZE", Both(422, 422), FileContentNonCompliance, "Face size too small.";
FaceCopySceneMismatch, "ERROR_FACE_COPY_SCENE_MISMATCH", Both(422, 422), FileContentNonCompliance, "Face copy scene type mismatch.";
FaceUnrecognizable, "ERROR_FACE_UNRECOGNIZABLE", Both(422, 422), FileContentNonCompliance, "Unable to recognize face.";
PoorFaceQuality, "ERROR_POOR_FACE_QUALITY", Both(422, 422), FileContentNonCompliance, "Poor face quality.";
BlurryFace, "ERROR_BLURRY_FACE", Both(422, 422), FileContentNonCompliance, "Blurry face.";
ObstructedFace, "ERROR_OBSTRUCTED_FACE", Both(422, 422), FileContentNonCompliance, "Obstructed face.";
PoorFaceLighting, "ERROR_POOR_FACE_LIGHTING", Both(422, 422), FileContentNonCompliance, "Poor face lighting.";
IncompleteFace, "ERROR_INCOMPLETE_FACE", Both(422, 422), FileContentNonCompliance, "Incomplete face.";
FaceNotFacingForward, "ERROR_FACE_NOT_FACING_FORWARD", Both(422, 422), FileContentNonCompliance, "Face not facing forward.";
MissingOutputFormat, "ERROR_MISSING_OUTPUT_FORMAT", Both(422, 400), MissingParameters, "Missing output format.";
QualityScoreNotMeetRequirements, "ERROR_QUALITY_SCORE_NOT_MEET_REQUIREMENTS", Both(422, 422), FileContentNonCompliance, "Quality score does not meet requirements.";
QualityControlError, "ERROR_QUALITY_CONTROL_ERROR", Both(422, 400), UnsupportedParameterValues, "Quality control error.";
LivenessControlError, "ERROR_LIVENESS_CONTROL_ERROR", Both(422, 400), UnsupportedParameterValues, "Liveness control error.";
SceneTypeMismatch, "ERROR_SCENE_TYPE_MISMATCH", Both(422, 422), FileContentNonCompliance, "Scene type mismatch.";
CartoonFaceNotSupported, "ERROR_CARTOON_FACE_NOT_SUPPORTED", Both(422, 422), FileContentNonCompliance, "Cartoon face not supported.";
TemplateImageQualityTooLow, "ERROR_TEMPLATE_IMAGE_QUALITY_TOO_LOW", Both(422, 422), FileContentNonCompliance, "Template image quality too low.";
ActionVerificationFailed, "ERROR_ACTION_VERIFICATION_FAILED", Both(422, 422), FileContentNonCompliance, "Action verification failed.";
LeftEyeOcclusionTooHigh, "ERROR_LEFT_EYE_OCCLUSION_TOO_HIGH", Both(422, 422), FileContentNonCompliance, "Left eye occlusion too high.";
RightEyeOcclusionTooHigh, "ERROR_RIGHT_EYE_OCCLUSION_TOO_HIGH", Both(422, 422), FileContentNonCompliance, "Right eye occlusion too high.";
LeftFaceOcclusionTooHigh, "ERROR_LEFT_FACE_OCCLUSION_TOO_HIGH", Both(422, 422), FileContentNonCompliance, "Left face occlusion too high.";
RightFaceOcclusionTooHigh, "ERROR_RIGHT_FACE_OCCLUSION_TOO_HIGH", Both(422, 422), FileContentNonCompliance, "Right face occlusion too high.";
ChinOcclusionTooHigh, "ERROR_CHIN_OCCLUSION_TOO_HIGH", Both(422, 422), FileContentNonCompliance, "Chin occlusion too high.";
NoseOcclusionTooHigh, "ERROR_NOSE_OCCLUSION_TOO_HIGH", Both(422, 422), FileContentNonCompliance, "Nose occlusion too high.";
MouthOcclusionTooHigh, "ERROR_MOUTH_OCCLUSION_TOO_HIGH", Both(422, 422), FileContentNonCompliance, "Mouth occlusion too high.";
SynthesisDetectionFailed, "ERROR_SYNTHESIS_DETECTION_FAILED", Both(422, 422), FileContentNonCompliance, "Synthesis detection failed.";
LivenessDetectionFailed, "ERROR_LIVENESS_DETECTION_FAILED", Both(422, 422), FileContentNonCompliance, "Liveness detection failed.";
NoRecognitionTargetDetected, "ERROR_NO_RECOGNITION_TARGET_DETECTED", Both(422, 422), FileContentNonCompliance, "No recognition target detected in the image.";
ImageRecognitionFailed, "ERROR_IMAGE_RECOGNITION_FAILED", Both(422, 422), FileContentNonCompliance, "Image recognition error.";
MaskImageResolutionMismatch, "ERROR_MASK_IMAGE_RESOLUTION_MISMATCH", Both(422, 400), FileResolutionExceedsLimits, "Resolution of mask and image must be the same.";
TaskStoppedProcessing, "ERROR_TASK_STOPPED_PROCESSING", Both(422, 409), ProcessingFailure, "Task has been stopped processing.";
ExceedingLimits, "EXCEEDING_LIMITS", Both(422, 429), ExceedingLimits, "Exceeds limit.";
ContentNonCompliance, "ERROR_CONTENT_NON_COMPLIANCE", Both(422, 422), FileContentNonCompliance, "Content does not meet requirements.";
NotEnoughCredits, "ERROR_NOT_ENOUGH_CREDITS", Both(429, 429), NotEnoughCredits, "Insufficient credits.";
UnknownError, "UNKNOWN_ERROR", Both(500, 500), UnknownError, "Unknown error. Please try again later. If not resolved promptly, contact the platform.";
ServiceInternalError, "SERVICE_INTERNAL_ERROR", Both(500, 500), ServiceInternalError, "Service internal error. Please try again later. If not resolved promptly, contact the platform.";
FileServiceError, "FILE_SERVICE_ERROR", Both(500, 502), FileServiceError, "File service error. Please try again later. If not resolved promptly, contact the platform.";
AiServiceError, "AI_SERVICE_ERROR", Both(500, 502), AiServiceError, "AI service error. Please try again later. If not resolved promptly, contact the platform.";
AiServiceInternalError, "AI_SERVICE_INTERNAL_ERROR", Both(500, 502), AiServiceError, "AI service internal error. Please try again later. If not resolved promptly, contact the platform.";
ErrorGateway, "ERROR_GATEWAY", Both(502, 502), ErrorGateway, "Gateway error, please try again later. If it is not resolved in time, please contact the platform.";
AiServiceFlowRestriction, "AI_SERVICE_FLOW_RESTRICTION", Both(503, 503), AiServiceFlowRestriction, "AI service is rate-limited. Please try again later. If not resolved promptly, contact the platform.";
AiServiceTimeout, "AI_SERVICE_TIMEOUT", Both(504, 504), AiServiceTimeout, "AI service timeout. Please try again later. If not resolved promptly, contact the platform.";
InvalidUrl, "ERROR_INVALID_URL", Only2026(400, Code::InvalidParameter), ErrorParameters, "Invalid URL.";
PoseNotEnoughKeypoints, "ERROR_POSE_NOT_ENOUGH_KEYPOINTS", Only2026(422, Code::NoRecognitionTargetDetected), FileContentNonCompliance, "Not enough body keypoints detected.";
FaceCountInvalid, "ERROR_FACE_COUNT_INVALID", Only2026(422, Code::FileContentNonCompliance), FileContentNonCompliance, "Number of faces does not meet requirements.";}

impl Code {
    /// The code that goes on the wire in `edition`: itself, or the documented stand-in for a code
    /// that the edition does not know.
    pub const fn in_edition(self, edition: Edition) -> Code {
        match (edition, self.statuses()) {
            (Edition::E2025, Statuses::Only2026(_, stand_in)) => stand_in,
            _ => self,
        }
    }

    /// The HTTP status in `edition`. A code that the edition lacks has its stand-in's status.
    pub const fn status(self, edition: Edition) -> u16 {
        match (edition, self.statuses()) {
            (Edition::E2025, Statuses::Both(status, _)) => status,
            (Edition::E2026, Statuses::Both(_, status) | Statuses::Only2026(status, _)) => status,
            (Edition::E2025, Statuses::Only2026(_, stand_in)) => stand_in.status(edition),
        }
    }

    /// Whether this is one of the 23 coarse codes.
    pub fn is_coarse(self) -> bool {
        self.coarse() == self
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Code {
    type Err = String;

    /// Finds a code by its name on the wire; the error names what was asked for.
    fn from_str(name: &str) -> Result<Self, String> {
        Code::ALL
            .iter()
            .copied()
            .find(|code| code.name() == name)
            .ok_or_else(|| format!("`{name}` is no error code of the contract"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_the_contract() {
        let only_2026: Vec<_> =
            Code::ALL.iter().filter(|c| c.in_edition(Edition::E2025) != **c).collect();
        assert_eq!(Code::ALL.len(), 126);
        assert_eq!(only_2026.len(), 3);
        assert_eq!(Code::ALL.iter().filter(|c| c.is_coarse()).count(), 23);
    }

    #[test]
    fn names_are_unique_and_parse_back() {
        for &code in Code::ALL {
            assert_eq!(code.name().parse(), Ok(code));
            assert!(code.coarse().is_coarse(), "{code} → {}", code.coarse());
        }
        assert!("ERROR_NO_SUCH".parse::<Code>().is_err());
    }

    #[test]
    fn statuses_of_the_law() {
        let moved = Code::ALL
            .iter()
            .filter(|c| matches!(c.statuses(), Statuses::Both(a, b) if a != b))
            .count();
        assert_eq!(moved, 48, "codes that moved in January 2026");
        assert_eq!(Code::NoFaceInFile.status(Edition::E2025), 422);
        assert_eq!(Code::ExceedingLimits.status(Edition::E2025), 422);
        assert_eq!(Code::ExceedingLimits.status(Edition::E2026), 429);
        assert_eq!(
            Code::FaceCountInvalid.in_edition(Edition::E2025),
            Code::FileContentNonCompliance
        );
        assert_eq!(Code::InvalidUrl.status(Edition::E2026), 400);
    }
}
