//! A request's JSON, and an answer's.

use super::error::ApiError;

/// Reads a request's JSON.
pub(super) fn read<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::serialization(&error))
}

/// Writes an answer's JSON.
pub(super) fn write(answer: &impl serde::Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(answer).map_err(|error| ApiError::serialization(&error))
}
