//! Lists in pages.

use muster_contracts::{limits, v1};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::problem::Problem;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Items of the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// For the page after; null on the last.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page from what a service answered.
    pub(crate) fn of<P: Into<T>>(items: Vec<P>, next_cursor: Option<String>) -> Self {
        Self { items: items.into_iter().map(Into::into).collect(), next_cursor }
    }
}

/// The page as the services are asked for it.
pub(crate) fn page(limit: Option<u32>, cursor: Option<String>) -> Result<v1::Page, Problem> {
    Ok(v1::Page { limit: size(limit)?, cursor })
}

/// The number of items, checked.
pub(crate) fn size(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(limits::PAGE_DEFAULT);
    if (1..=limits::PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::invalid("/limit", format!("must be 1 to {}", limits::PAGE_MAX)))
}
