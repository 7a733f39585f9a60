//! Whether and when an endpoint that did not answer is asked again.

use std::time::Duration;

use reqwest::StatusCode;

use super::endpoint::EndpointError;

/// How often it is asked at all.
pub(super) const ATTEMPTS: u32 = 5;
/// Before the second time; doubled for each that follows.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause of ours.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest that an endpoint may ask for: a user would rather know.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait after the attempt of this number (from 1); none when it is of no use.
/// `chance` between 0 and 1 spreads those who were refused together.
pub(super) fn pause(error: &EndpointError, attempt: u32, chance: f64) -> Option<Duration> {
    if attempt >= ATTEMPTS {
        return None;
    }
    let asked_for = match error {
        EndpointError::Refused { status, retry_after, .. } if is_passing(*status) => *retry_after,
        EndpointError::Unreachable { .. } | EndpointError::Cut => None,
        _ => return None,
    };
    if asked_for.is_some_and(|wait| wait > PATIENCE) {
        return None;
    }
    let own = FIRST.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST);
    let own = own / 2 + (own / 2).mul_f64(chance.clamp(0.0, 1.0));
    Some(asked_for.map_or(own, |wait| wait + own / 2))
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) || status.is_server_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, after: Option<u64>) -> EndpointError {
        EndpointError::Refused {
            status: StatusCode::from_u16(status).unwrap(),
            detail: String::new(),
            retry_after: after.map(Duration::from_secs),
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (error, again) in [
            (refused(429, None), true),
            (refused(500, None), true),
            (refused(503, Some(3)), true),
            (refused(429, Some(3600)), false),
            (refused(400, None), false),
            (EndpointError::Cut, true),
            (EndpointError::Key { status: StatusCode::UNAUTHORIZED }, false),
            (EndpointError::Silent(Duration::ZERO), false),
            (EndpointError::Unreadable, false),
        ] {
            assert_eq!(pause(&error, 1, 0.5).is_some(), again, "{error}");
            assert_eq!(pause(&error, ATTEMPTS, 0.5), None, "{error}");
        }
    }

    #[test]
    fn pauses_grow_are_spread_and_heed_what_is_asked_for() {
        let error = refused(500, None);
        for attempt in 1..ATTEMPTS - 1 {
            let [low, high] = [0.0, 1.0].map(|chance| pause(&error, attempt, chance).unwrap());
            assert!(low < high && high <= pause(&error, attempt + 1, 0.0).unwrap());
        }
        let asked = pause(&refused(429, Some(7)), 1, 0.0).unwrap();
        assert!(asked >= Duration::from_secs(7) && asked < Duration::from_secs(8), "{asked:?}");
    }
}
