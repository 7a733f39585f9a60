//! An entry of the audit log as JSON and as a row of CSV.

use muster_contracts::{audit::Action, v1};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, schema::Type},
};

use crate::store;

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEntry {
    audit_id: String,
    timestamp: i64,
    /// Whose thing it was done to.
    user_id: String,
    /// Names are as they were then.
    username: String,
    #[schema(schema_with = actions)]
    action: String,
    /// To what kind of thing: the word before the action's dot.
    entity: String,
    object_id: String,
    object_name: String,
    /// What exactly: a new name, a fingerprint, the chosen answer. May be empty.
    detail: String,
    /// Where it belongs, as far as it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    machine_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    worker_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session_id: Option<String>,
    actor: AuditActor,
}

/// Who did it: a user, perhaps by a token; or a worker; or, with neither, nobody who was signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditActor {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    worker_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_name: Option<String>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address: Option<String>,
}

fn actions() -> impl Into<utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>> {
    let values = Action::ALL.iter().map(|action| action.as_str());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).build()
}

impl From<store::audit::Entry> for AuditEntry {
    fn from(entry: store::audit::Entry) -> Self {
        let store::audit::Entry {
            audit_id,
            at,
            place: _,
            user_id,
            username,
            entity,
            audit,
            actor,
            actor_name,
            token_name,
        } = entry;
        let v1::Audit { action, id, name, detail, machine_id, worker_id, session_id } = audit;
        let v1::Actor { user_id: actor_id, worker_id: actor_worker, address, token_id } = actor;
        Self {
            audit_id,
            timestamp: at,
            user_id,
            username,
            action,
            entity,
            object_id: id,
            object_name: name,
            detail,
            machine_id: given(machine_id),
            worker_id: given(worker_id),
            session_id: given(session_id),
            actor: AuditActor {
                user_id: given(actor_id),
                username: given(actor_name),
                worker_id: given(actor_worker),
                token_id: given(token_id),
                token_name: given(token_name),
                address: given(address),
            },
        }
    }
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
