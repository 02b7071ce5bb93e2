//! The envelope around every answer: the superset of the classic form (`error_code`,
//! `error_detail.status_code`, `error_code_str`, `error_msg`) and the form of 2026.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{Edition, Fault};

/// The two identifiers that every answer carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// Upper-case UUID.
    pub request_id: String,
    /// Decimal number as text.
    pub log_id: String,
}

impl Ids {
    /// Fresh identifiers; both come from one random UUID.
    pub fn random() -> Self {
        let id = Uuid::new_v4();
        Self {
            request_id: id.hyphenated().to_string().to_uppercase(),
            // 63 bits, so that clients with signed 64-bit integers can hold it.
            log_id: (id.as_u64_pair().1 >> 1).to_string(),
        }
    }

    fn open(&self) -> Map<String, Value> {
        let mut envelope = Map::new();
        envelope.insert("request_id".into(), self.request_id.as_str().into());
        envelope.insert("log_id".into(), self.log_id.as_str().into());
        envelope
    }
}

/// A success: HTTP 200, `error_code` 0, empty detail strings, and the business fields of `body`
/// beside them. `error_code_str` and `error_msg` are left out, since some clients take their
/// presence for failure.
pub fn success(ids: &Ids, body: Map<String, Value>) -> Value {
    let mut envelope = ids.open();
    envelope.insert("error_code".into(), 0.into());
    envelope.insert(
        "error_detail".into(),
        json!({ "status_code": 200, "code": "", "code_message": "", "message": "" }),
    );
    envelope.extend(body);
    Value::Object(envelope)
}

/// A failure: the HTTP status, and the envelope whose `error_code` repeats it. `error_msg` follows
/// the law's example: `<coarse message> - <fine code> - <explanation>`.
pub fn failure(ids: &Ids, fault: &Fault, edition: Edition) -> (u16, Value) {
    let code = fault.code().in_edition(edition);
    let status = code.status(edition);
    let mut envelope = ids.open();
    envelope.insert("error_code".into(), status.into());
    envelope.insert(
        "error_detail".into(),
        json!({
            "status_code": status,
            "code": code.name(),
            "code_message": code.message(),
            "message": fault.message(),
        }),
    );
    envelope.insert("error_code_str".into(), code.coarse().name().into());
    envelope.insert(
        "error_msg".into(),
        format!("{} - {} - {}", code.coarse().message(), code.name(), fault.message()).into(),
    );
    (status, Value::Object(envelope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn failure_has_the_form_of_the_law() {
        let ids = Ids { request_id: "R".into(), log_id: "1".into() };
        let fault = Fault::new(Code::NoFaceInFile, "pic not has face");
        let (status, body) = failure(&ids, &fault, Edition::E2025);
        assert_eq!(status, 422);
        assert_eq!(
            body,
            json!({
                "request_id": "R",
                "log_id": "1",
                "error_code": 422,
                "error_detail": {
                    "status_code": 422,
                    "code": "ERROR_NO_FACE_IN_FILE",
                    "code_message": "No face detected in the file.",
                    "message": "pic not has face",
                },
                "error_code_str": "FILE_CONTENT_NON_COMPLIANCE",
                "error_msg": "File content does not meet requirements. - ERROR_NO_FACE_IN_FILE - pic not has face",
            })
        );
    }

    #[test]
    fn success_keeps_business_fields_beside_the_envelope() {
        let body = json!({ "image": "AAAA" }).as_object().cloned().unwrap_or_default();
        let answer = success(&Ids::random(), body);
        assert_eq!(answer["error_code"], 0);
        assert_eq!(answer["error_detail"]["status_code"], 200);
        assert_eq!(answer["image"], "AAAA");
        assert!(answer.get("error_code_str").is_none() && answer.get("error_msg").is_none());
    }

    #[test]
    fn identifiers_have_the_documented_form() {
        let ids = Ids::random();
        assert_eq!(ids.request_id.len(), 36);
        assert!(!ids.request_id.chars().any(|c| c.is_ascii_lowercase()));
        assert!(ids.log_id.parse::<i64>().is_ok());
    }
}
