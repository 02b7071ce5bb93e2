//! For each error code what causes it here and what to do about it.

use maud::{Markup, html};
use safelight_contract::Code;

/// What to know about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// When it is answered.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

macro_rules! advice {
    ($($code:ident: $cause:literal, $remedy:expr;)*) => {
        /// What to know about a code.
        pub const fn advice(code: Code) -> Advice {
            match code { $(Code::$code => Advice { cause: $cause, remedy: $remedy },)* }
        }
    };
}

const NAME_IT: &str = "The message names the parameter, the value found and the values allowed.";
const ANOTHER_PHOTO: &str =
    "Take or choose another photo: one face from the front, well lit, sharp, nothing before it.";
const LATER: &str = "Send the request again after the seconds that Retry-After names.";
const OPERATOR: &str = "The cause is in the server's log, under the request_id of the answer.";
const OTHER_NAME: &str = "Choose another identifier, or change what is there.";
const LIST_FIRST: &str =
    "List what there is with the same key; identifiers are those of one application.";
const UNCOVER: &str = "Uncover that part of the face, or lower quality_control.";
const ZERO_TO_HUNDRED: &str = "Send a whole number within the range that the message names.";
const LIBRARY_LIMIT: &str =
    "Delete what is no longer needed, or raise the limit under [library] in the configuration.";

advice! {
ProcessingFailure: "The work failed and no finer code fits.", "Try another photo; if every photo fails, look into the server's log.";
ErrorParameters: "A field has the wrong form, for example text where a file is wanted.", NAME_IT;
MissingParameters: "A required field is not in the request.", "Add the field that the message names.";
InvalidParameter: "A field has a value that is never allowed, or two fields exclude each other.", NAME_IT;
ParametersCannotEmpty: "A required field was sent empty.", "Send a value, or a file with content.";
MissingLimitParameter: "A search or listing without its limit.", "Send how many results are wanted.";
MissingTasksParameter: "A batch without its list of tasks.", "Send the list `tasks`, one object for each.";
MissingAssureDirectionParameter: "Table recognition without the parameter for the direction.", "Send the parameter.";
MissingMinHeightParameter: "Text recognition without the least height of a line.", "Send the parameter.";
InvalidSideParameter: "The side of a document is neither front nor back.", NAME_IT;
TooManyFiles: "More files under one name than the service takes.", "Send fewer; the service's page says how many.";
FaceTraceLimitExceeded: "A user or group has as many faces as it may.", LIBRARY_LIMIT;
DatabaseLimitExceeded: "The application has as many groups as it may.", LIBRARY_LIMIT;
InvalidResponseFormat: "The header Accept names no type that the server answers with.", "Send `Accept: application/json`, or no such header.";
UnsupportedResponseFormat: "The parameter for the format of the answer names none that exists.", "Leave it out; answers are JSON.";
TooManyGroupsInGroupList: "A search names too many groups.", "Name fewer groups and search several times.";
TooManyUidsInUidList: "A request names too many users.", "Send the users in several requests.";
TooManyAppsInAppList: "A request names too many applications.", "Send the applications in several requests.";
BatchTaskLimitExceeded: "A batch holds more tasks than one may.", "Split the batch.";
CleaningUserGroupData: "The group is being deleted.", "Wait some seconds, then create it anew.";
ImageStorageNotSupported: "A request asks to keep the picture of a face, which the operator does not allow.", "Leave the wish out, or set library.store_images.";
InsufficientResources: "Memory or disk do not suffice for this request.", "Send smaller pictures, or give the server more memory or disk.";
ResourceInTransit: "The upload is still on its way, or what is asked for is being made.", "Ask again in a moment.";
FileDownloadFailed: "The server could not fetch the URL of a picture.", "Open the URL from the server's network; it must answer 200 without a sign-in, from a public address.";
FileUploadFailed: "The file did not arrive whole, or could not be kept.", "Upload it again; if that fails, look at the free disk space.";
FileDecodingFailure: "The file begins like a picture and is damaged or cut off.", "Send the original file; check that Base64 is complete.";
FaceBlendingFailed: "The two faces could not be merged.", ANOTHER_PHOTO;
FaceImageAdditionFailed: "A face could not be added after all checks had passed.", LATER;
GetFaceImageFailed: "The stored picture of a face cannot be read.", OPERATOR;
DataTransferFailed: "A transfer between the server and its storage or engine broke.", LATER;
TaskRevocationFailed: "The task is at work or has ended, so it cannot be revoked.", "Stop a task that is at work with stop-async-task.";
ResourceUnavailable: "A model or an engine is off for a cause that may pass.", LATER;
FileDownloadTimeout: "The URL of a picture did not answer in time.", "Use a faster host, or upload the file first.";
UserNotExists: "The user that owns the application was deleted.", "Ask the operator for an application of another user.";
ApplicationsNotExists: "The header ailabapi-api-key is missing, or no application has that key.", "Send the whole key, without quotes and spaces; a rotated or revoked key stays invalid.";
UserLocked: "The operator has locked the user.", "Ask the operator; `safelight user unlock` undoes it.";
AiServiceUnauthorized: "The generative engine refuses the server's own credentials.", "Check the key of the engine in the configuration.";
IllegalFile: "The content of the file is not allowed.", "Send another picture.";
AiNotExists: "There is no such path, or the service is switched off or lacks a model or an engine.", "Compare the path with the list of services; the message says which setting turns a service on.";
AiServiceNotFound: "The engine does not have the model or path that is configured.", "Correct `model` or `url` of the engine in the configuration.";
FileNotFound: "The file is not known here.", "Upload it again; uploads and results are deleted at the end of their life.";
FaceNotFound: "The user has no face with that token.", LIST_FIRST;
UserGroupNotFound: "The application has no such group.", LIST_FIRST;
UserNotFound: "The group has no such user, or no face is similar enough.", "List the users; to find less similar faces, lower the threshold.";
FaceTokenNotFound: "The token is unknown or its time is over.", "Detect the face again; a token that is in no group lives an hour.";
ContentNotFound: "What is asked for is not there.", LIST_FIRST;
ResourceNotFound: "The application has no such task, batch or job.", "Use the identifier that the submission answered, and the key of the same application.";
IllegalOperation: "The path does not take this method, or not in this state.", "The header Allow names the methods.";
FaceAlreadyExists: "The user has this face already.", "Nothing needs to be done.";
DataAlreadyExists: "The target has the data already.", "Nothing needs to be done.";
UserGroupAlreadyExists: "The application has a group of that identifier.", OTHER_NAME;
UserAlreadyExists: "The group has a user of that identifier.", OTHER_NAME;
DuplicateGroupName: "Another group of the application has that name.", OTHER_NAME;
ResourceInUse: "A task that has not ended works on it.", "Wait for the task, or stop it.";
TaskConflict: "Another request does the same at this moment, or used the same Idempotency-Key for something else.", "Wait for the first; use a fresh key for each request.";
TaskRevoked: "The task was revoked before it began.", "Submit it again.";
ResourceReclaimed: "The result or upload was deleted because its life is over.", "Run the request again; results live as long as results.ttl_hours says.";
FileSizeExceedsLimit: "A file is larger than the service takes.", "Make it smaller or save it with less quality; the service's page names the limit.";
ContentTooLong: "A text is longer than the field takes.", "Shorten it to what the message names.";
VideoDurationExceeded: "The video is too long.", "Cut it to what the message names.";
RequestBodyTooLarge: "The request as a whole is too large.", "Send smaller files, or raise limits.max_body_bytes.";
ResponseBodyTooLarge: "The answer would be too large.", "Ask for fewer or smaller pictures.";
UnsupportedFileTypes: "The content is not a picture, or its format is not one that the service takes.", "Send one of the formats that the service's page names; the file's name does not count.";
InvalidOutputFormat: "The output format is none that the service makes.", NAME_IT;
UnsupportedGrayscaleImage: "The service needs colour and the picture has none.", "Send the picture in colour.";
UnsupportedParameterValues: "A value is outside its range or list.", NAME_IT;
InvalidFaceBoxParameter: "The box of a face lies outside the picture or is too small.", "Send the box that a detection answered, in pixels of this picture.";
InvalidBigEyesParameter: "The strength for the eyes is outside its range.", ZERO_TO_HUNDRED;
InvalidFaceSlimmingParameter: "The strength for slimming is outside its range.", ZERO_TO_HUNDRED;
InvalidSmoothingParameter: "The strength for smoothing is outside its range.", ZERO_TO_HUNDRED;
InvalidSkinWhiteningParameter: "The strength for whitening is outside its range.", ZERO_TO_HUNDRED;
InvalidParameterFormat: "An identifier or text holds characters that are not allowed, or a URL is none.", NAME_IT;
ParameterConversionFailed: "A text is not the number, boolean or JSON that the field needs.", NAME_IT;
FileResolutionExceedsLimits: "Width or height are outside the limits of the service.", "Scale the picture to what the service's page names.";
LowResolution: "The picture has too few pixels.", "Send a larger original; do not enlarge it.";
HighResolution: "The picture has too many pixels.", "Scale it down.";
InvalidFile: "The file is of the right type and cannot be used for this work.", "Send another file; the message says what is wrong.";
FileContentNonCompliance: "The content of the picture does not fit the service.", "The message says what is missing; try another photo.";
IncorrectFileCount: "The number of pictures is not what the service compares.", "Send as many as the service's page names.";
NoFaceInFile: "No face was found.", "Use a photo with a face from the front that is at least 64 pixels wide and not turned on its side.";
FaceSizeNotMeetRequirements: "The face is too small or too large for the service.", "Crop or scale the photo so that the face fits.";
FaceSizeRatioNotMet: "The face covers too little or too much of the picture.", "Crop the photo around the face.";
SmallFaceSize: "The face has too few pixels.", "Use a larger or closer photo.";
FaceCopySceneMismatch: "The two groups are of different scene types.", "Copy between groups of the same type, or add the faces anew.";
FaceUnrecognizable: "A face was found and could not be described.", ANOTHER_PHOTO;
PoorFaceQuality: "The quality of the face is below what the request asks.", ANOTHER_PHOTO;
BlurryFace: "The face is blurred.", "Use a sharp photo, or lower quality_control.";
ObstructedFace: "Something covers the face.", "Use a photo without mask, hand or sunglasses, or lower quality_control.";
PoorFaceLighting: "The face is too dark, too bright or lit from one side.", "Use even light from the front, or lower quality_control.";
IncompleteFace: "The face leaves the picture.", "Use a photo that shows the whole face.";
FaceNotFacingForward: "The head is turned too far.", "Use a photo from the front, or lower quality_control.";
MissingOutputFormat: "The output format is missing.", "Send the parameter; the service's page lists its values.";
QualityScoreNotMeetRequirements: "The quality is below the threshold of the request.", "Use a better photo, or lower the threshold.";
QualityControlError: "quality_control is none of its words.", "Send NONE, LOW, NORMAL or HIGH.";
LivenessControlError: "liveness_control is none of its words.", "Send NONE, LOW, NORMAL or HIGH.";
SceneTypeMismatch: "The request and the group differ in their scene type.", "Send the scene type that the group was created with, or none.";
CartoonFaceNotSupported: "The face is drawn.", "Use a photo of a person.";
TemplateImageQualityTooLow: "The template for a merge is of too little quality.", "Use a sharper template with one face from the front.";
ActionVerificationFailed: "The actions in the video are not those that were asked for.", "Record again and follow the order of actions.";
LeftEyeOcclusionTooHigh: "The left eye is covered.", UNCOVER;
RightEyeOcclusionTooHigh: "The right eye is covered.", UNCOVER;
LeftFaceOcclusionTooHigh: "The left cheek is covered.", UNCOVER;
RightFaceOcclusionTooHigh: "The right cheek is covered.", UNCOVER;
ChinOcclusionTooHigh: "The chin is covered.", UNCOVER;
NoseOcclusionTooHigh: "The nose is covered.", UNCOVER;
MouthOcclusionTooHigh: "The mouth is covered.", UNCOVER;
SynthesisDetectionFailed: "The photo looks generated or retouched.", "Use an original photo.";
LivenessDetectionFailed: "The photo does not look as if it shows a living person.", "Take a photo of the person, not of a picture or a screen, or lower liveness_control.";
NoRecognitionTargetDetected: "What is to be recognised is not in the picture.", "Use a picture that shows it large and whole.";
ImageRecognitionFailed: "The recognition failed for this picture.", "Use a sharper picture.";
MaskImageResolutionMismatch: "Mask and photo differ in width or height.", "Make the mask exactly as large as the photo; painting it in the playground does.";
TaskStoppedProcessing: "The task was stopped at work.", "Submit it again.";
ExceedingLimits: "The application sends more requests at a time or a second than it may.", "Send fewer, wait for Retry-After, or ask the operator for higher limits.";
ContentNonCompliance: "The text or the generated picture is not allowed.", "Change the text.";
NotEnoughCredits: "Neither the service's pool nor `common` holds the price.", "Ask the operator to add credits; the message names price and balances.";
UnknownError: "The server met an error that nobody expected.", OPERATOR;
ServiceInternalError: "A part of the server failed.", OPERATOR;
FileServiceError: "A file could not be read or written, or the disk budget is used up.", "Look at the free disk space and at results.disk_budget.";
AiServiceError: "A model or an engine failed at this work.", OPERATOR;
AiServiceInternalError: "The engine failed inside.", "Look into the engine's own log.";
ErrorGateway: "The engine sent an answer that cannot be read.", "Check the URL and the kind of the engine.";
AiServiceFlowRestriction: "All workers are busy and the queue is full, or the server shuts down.", LATER;
AiServiceTimeout: "The work did not end in time.", "Send a smaller picture or use the asynchronous form; limits.work_timeout_seconds gives more time.";
InvalidUrl: "The URL of a picture is none that may be fetched.", "Send http or https, a public address, and a port that fetch.ports allows.";
PoseNotEnoughKeypoints: "Too little of a body is visible.", "Use a photo that shows the body from head to hips.";
FaceCountInvalid: "The number of faces is not what the service needs.", "Use a photo with as many faces as the message names.";
}

/// Cause and remedy of a code, to stand beside an error.
pub fn remedy(code: Code) -> Markup {
    let Advice { cause, remedy } = advice(code);
    html! {
        p { strong { "Cause. " } (cause) }
        p { strong { "Remedy. " } (remedy) }
        p { a href={ "/docs/errors#" (code.name()) } { "All error codes" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_sentences() {
        for code in Code::ALL {
            let Advice { cause, remedy } = advice(*code);
            assert!(cause.ends_with('.') && remedy.ends_with('.'), "{code}");
        }
    }
}
