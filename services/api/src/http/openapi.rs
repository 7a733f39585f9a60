//! GET /openapi.json: the API's document, made from the code.

use std::collections::BTreeMap;

use axum::response::IntoResponse;
use http::{Method, header};
use serde_json::Value;
use utoipa::{
    OpenApi,
    openapi::{
        Content, ObjectBuilder, Ref, RefOr, Required, ResponseBuilder, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::http::{
    BASE,
    caller::{COOKIE, HTTPS_COOKIE},
    endpoints,
    events::frames::{Removed, Resync},
    idempotency,
    model::chunk::ChatChunk,
    problem::Problem,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Muster",
        description = "Chat with the coding agents on your machines.",
        version = "1",
        license(name = "Apache-2.0")
    ),
    components(schemas(Problem, ChatChunk, Removed, Resync))
)]
struct Document;

/// The header that makes a repeated request create once.
fn idempotency_key() -> Parameter {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(idempotency::KEY_CHARS))
        .pattern(Some("^[!-~]+$"));
    ParameterBuilder::new()
        .name(idempotency::KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The same key with the same request within a day gets the same answer, and creates once."))
        .schema(Some(key))
        .build()
}

/// The document as pretty JSON with a newline at its end.
#[must_use]
pub fn document() -> String {
    let (_, paths) = endpoints().split_for_parts();
    let mut document = Document::openapi();
    document.merge(paths);
    let components = document.components.get_or_insert_default();
    let over_https = format!("`{HTTPS_COOKIE}` over HTTPS");
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(COOKIE, &over_https));
    let cookie = SecurityScheme::ApiKey(cookie);
    components.security_schemes.insert("cookie".into(), RefOr::T(cookie));
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token")).build();
    components.security_schemes.insert("token".into(), RefOr::T(SecurityScheme::Http(token)));
    let either = ["cookie", "token"].map(|scheme| SecurityRequirement::new::<_, [&str; 0], &str>(scheme, []));
    document.security = Some(either.to_vec());
    for (name, path) in &mut document.paths.paths {
        if let Some(create) = &mut path.post
            && idempotency::creates(&Method::POST, name.strip_prefix(BASE).unwrap_or_default())
        {
            create.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
        }
        let operations = [&mut path.get, &mut path.post, &mut path.patch, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            let problem = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
            let response = ResponseBuilder::new()
                .description("What went wrong (RFC 9457)")
                .content("application/problem+json", problem)
                .build();
            operation.responses.responses.insert("default".into(), RefOr::T(response));
            // A handler's name is unique within its resource only.
            let resource = operation.tags.as_ref().and_then(|tags| tags.first());
            if let (Some(resource), Some(name)) = (resource, &operation.operation_id) {
                operation.operation_id = Some(format!("{resource}_{name}"));
            }
        }
    }
    let value = sorted(serde_json::to_value(&document).unwrap_or_default());
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

/// So that the text depends neither on the code's order nor on what else is built: a library of another package makes
/// the maps of serde_json keep the order in which they were filled.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let fields = map.into_iter().map(|(name, value)| (name, sorted(value))).collect::<BTreeMap<_, _>>();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

pub(crate) async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document())
}
