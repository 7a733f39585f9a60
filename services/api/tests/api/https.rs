//! The page over HTTPS.

use std::time::Duration;

use muster_api::RegistrationSetting;
use muster_testkit::certificates::Authority;
use serde_json::json;

use crate::support::{Browser, Frames, Stage, config};

/// A stage with a certificate, and somebody who trusts its authority.
async fn encrypted(home: &std::path::Path) -> (Stage, Authority) {
    encrypted_at(home, None).await
}

/// The same, whose users know it by a name.
async fn encrypted_at(home: &std::path::Path, public_url: Option<&str>) -> (Stage, Authority) {
    let authority = Authority::new(home);
    let files = authority.certificate("page");
    let mut config = config(RegistrationSetting::Open);
    config.tls_cert_file = Some(files.certificate.into());
    config.tls_key_file = Some(files.key.into());
    config.public_url = public_url.map(str::to_owned);
    (Stage::with(config).await, authority)
}

fn trusting(stage: &Stage, authority: &Authority, only_http1: bool) -> Browser {
    let pem = std::fs::read(authority.file()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]);
    let client = if only_http1 { client.http1_only() } else { client };
    Browser { client: client.build().unwrap(), ..stage.visitor() }
}

#[tokio::test]
async fn a_sign_in_is_for_https_alone_and_events_stream_over_both_versions() {
    let home = tempfile::tempdir().unwrap();
    let (stage, authority) = encrypted(home.path()).await;
    for (only_http1, version, name) in [(true, http::Version::HTTP_11, "ada"), (false, http::Version::HTTP_2, "bob")] {
        let mut browser = trusting(&stage, &authority, only_http1);
        let body = json!({ "username": name, "password": "correct horse" });
        let answer = browser.ask("POST", "/auth/register").json(&body).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (201, version));
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.ends_with("; Secure"), "{cookie}");
        assert!(cookie.starts_with("__Host-") && cookie.contains("; Path=/;"), "no other host can set it: {cookie}");
        let secret = cookie.split(['=', ';']).nth(1).unwrap();
        let planted = browser.ask("GET", "/auth/me").header("cookie", format!("muster_session={secret}"));
        assert_eq!(planted.send().await.unwrap().status(), 401, "one of another name may be anybody's");

        browser.sign_in("/auth/login", &body).await;
        assert_eq!(browser.send("POST", "/machines", json!({ "name": "laptop" })).await.0, 201);
        let session = stage.session(&browser);
        let mut events = Frames::of(browser.ask("GET", &session.events())).await;
        assert_eq!(events.next().await.unwrap().event, "beat");
        let reply = muster_contracts::id::MessageId::random();
        session.start(&reply).await;
        for number in 1..=20 {
            session.text(&reply, number, &format!("{number} ")).await;
        }
        assert_eq!(events.event().await.unwrap().event, "message");
        let chunk = events.event().await.unwrap();
        assert_eq!((chunk.event.as_str(), &chunk.data["chunk"]), ("chunk", &json!("1 ")));

        let foreign = browser.client.post(format!("{}/api/v1/machines", stage.base));
        let foreign = foreign.header("origin", stage.base.replace("https", "http"));
        let foreign = foreign.header("cookie", browser.cookie.clone().unwrap()).json(&json!({ "name": "laptop" }));
        assert_eq!(foreign.send().await.unwrap().status(), 403, "a page without TLS is another page");
    }
    let answer = trusting(&stage, &authority, false).ask("GET", "/auth/methods").send().await.unwrap();
    assert_eq!(answer.headers().get("strict-transport-security"), None, "this computer has other pages");
    let stranger = reqwest::Client::new().get(&stage.base).send().await;
    assert!(stranger.is_err(), "nobody trusts this authority by themselves");
}

#[tokio::test]
async fn a_browser_that_was_here_by_https_comes_by_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let (stage, authority) = encrypted_at(home.path(), Some("https://muster.example")).await;
    let mut behind_a_proxy = config(RegistrationSetting::Open);
    behind_a_proxy.public_url = Some("https://muster.example".into());
    let proxied = Stage::with(behind_a_proxy).await;
    for browser in [trusting(&stage, &authority, false), proxied.visitor()] {
        for path in ["/api/v1/auth/methods", "/api/v1/auth/me", "/app", "/nothing/here"] {
            let answer = browser.client.get(format!("{}{path}", browser.base)).send().await.unwrap();
            let told = answer.headers().get("strict-transport-security").map(|value| value.to_str().unwrap());
            assert_eq!(told, Some("max-age=31536000"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let (stage, old) = encrypted(home.path()).await;
    assert_eq!(trusting(&stage, &old, false).get("/auth/methods").await.0, 200);
    let (elsewhere, page) = (home.path().join("next"), home.path().join("page"));
    let new = Authority::new(&elsewhere);
    let files = new.certificate("page");
    std::fs::rename(files.certificate, page.with_extension("pem")).unwrap();
    std::fs::rename(files.key, page.with_extension("key")).unwrap();
    let renewed = async {
        // A new client each time: connections that are open keep what they have seen.
        while trusting(&stage, &new, false).ask("GET", "/auth/methods").send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), renewed).await.expect("it is renewed in time");
    assert!(trusting(&stage, &old, false).ask("GET", "/auth/methods").send().await.is_err());
}
