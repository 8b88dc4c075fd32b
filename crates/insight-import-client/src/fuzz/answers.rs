//! Bodies.

use fuzz::{assert_shown, fuzz};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{LONGEST, SECRET, answer, client, line};
use crate::account::{Object, ObjectSchema, ObjectType, ObjectTypeAttribute, Usage};
use crate::client::{ExecutionLinks, mapping_result};
use crate::credential::Credential;
use crate::document::SchemaAndMapping;
use crate::execution_status::ExecutionStatus;
use crate::http::{refused, without_secrets};

/// The reason for which the bytes are invalid, or nothing.
fn read<T: DeserializeOwned>(input: &[u8]) -> String {
    serde_json::from_slice::<T>(input).err().map(|error| error.to_string()).unwrap_or_default()
}

/// The document that is written is the one that was read.
fn document(input: &[u8]) -> String {
    match serde_json::from_slice::<SchemaAndMapping>(input) {
        Ok(document) => {
            let written = serde_json::to_vec(&document).unwrap();
            assert_eq!(serde_json::from_slice::<SchemaAndMapping>(&written).unwrap(), document);
            assert!(document.holds(&document), "a document holds itself");
            String::new()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn assets_answer_reads_any_bytes() {
    let client = client();
    let words = [
        "links",
        "submitResults",
        "getExecutionStatus",
        "cancel",
        "//evil.example",
        "https://api.atlassian.com",
        "..",
        "DONE",
        "progressResult",
        "objectTypeResultMap",
        "entriesInSource",
        "objectsCreated",
        "errorMessages",
        "isLast",
        "values",
    ];
    fuzz("assets_answer", &words, |input| {
        let answer = answer(200, input).unwrap();
        let mut outcome = document(input);
        outcome += &read::<Vec<ObjectSchema>>(input);
        outcome += &read::<Vec<ObjectTypeAttribute>>(input);
        outcome += &read::<ObjectType>(input);
        outcome += &read::<Object>(input);
        outcome += &read::<Usage>(input);
        match ExecutionLinks::read(client.transport(), &answer) {
            Ok(links) => {
                let all = [
                    Some(&links.submit_results),
                    links.submit_progress.as_ref(),
                    Some(&links.status),
                    Some(&links.cancel),
                ];
                for url in all.into_iter().flatten() {
                    assert_eq!(url.origin(), client.transport().api.origin(), "{url}");
                    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
                }
            }
            Err(error) => {
                assert_shown(&error.to_string(), LONGEST);
                outcome += &error.to_string();
            }
        }
        match ExecutionStatus::read(&answer) {
            Ok(status) => {
                let told = &status.outcome;
                let complaints = told.types.iter().flat_map(crate::outcome::TypeOutcome::messages);
                let texts: Vec<String> = complaints.chain(told.messages.clone()).collect();
                for text in &texts {
                    assert_shown(text, LONGEST);
                }
                outcome += &format!(
                    "{:?} {} {} {}",
                    status.state,
                    told.rejected() > 0,
                    told.is_clean(),
                    texts.len()
                );
            }
            Err(error) => outcome += &error.to_string(),
        }
        if let Some(Err(error)) =
            serde_json::from_slice::<Value>(input).ok().as_ref().and_then(mapping_result)
        {
            assert_shown(&error.to_string(), LONGEST);
            outcome += &error.to_string();
        }
        outcome
    });
}

#[test]
fn assets_refusal_shows_any_bytes() {
    let authorization = HeaderValue::from_str(&format!("Bearer {SECRET}")).unwrap();
    let words = [
        SECRET,
        "errorMessages",
        "errors",
        "message",
        "errorCode",
        "dataValidationErrors",
        "code",
        "limit",
        "object",
        "IP address",
        "license",
        "<script>",
        "</script",
        "<style",
    ];
    fuzz("assets_refusal", &words, |input| {
        let ((status, rest), mut outcome) = (line(input), String::new());
        let (kind, body) = line(rest);
        let status = std::str::from_utf8(status).ok().and_then(|status| status.parse().ok()).unwrap_or(400);
        let Some(mut answer) = answer(status, body) else { return outcome };
        if let Ok(kind) = HeaderValue::from_bytes(kind) {
            answer.headers.insert(CONTENT_TYPE, kind);
        }
        answer.body = without_secrets(answer.body, &authorization);
        for credential in [Credential::ImportToken, Credential::Account] {
            let error = refused(credential, "the execution", &answer, input.len());
            let told =
                format!("{error} {}", error.remedy().map(|remedy| remedy.to_string()).unwrap_or_default());
            assert_shown(&told, LONGEST);
            assert!(!format!("{error:?}{told}").contains(SECRET), "a credential is shown: {told}");
            outcome += &told;
        }
        outcome
    });
}
