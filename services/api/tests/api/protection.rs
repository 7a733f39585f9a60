//! The headers that protect the page, on whatever is answered.

use reqwest::Response;

use crate::support::{Browser, Stage};

async fn get(browser: &Browser, path: &str) -> Response {
    let request = reqwest::Client::new().get(format!("{}{path}", browser.base));
    match &browser.cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    }
    .send()
    .await
    .unwrap()
}

fn assert_protected(what: &str, answer: &Response) {
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(header(name), value, "{what}: {name}");
    }
    let policy = header("content-security-policy").split("; ").collect::<Vec<_>>();
    for directive in [
        "default-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(&directive), "{what}: {directive} in {policy:?}");
    }
    assert!(!policy.iter().any(|directive| directive.contains("unsafe-eval") || directive.contains("http")), "{what}");
    assert!(header("permissions-policy").contains("microphone=()"), "{what}");
    assert!(!answer.headers().contains_key("access-control-allow-origin"), "{what}: no other site reads it");
    assert!(!answer.headers().contains_key("server"), "{what}");
}

#[tokio::test]
async fn page_api_stream_and_refusal_are_all_protected() {
    let stage = Stage::start().await;
    let (ada, visitor) = (stage.user("ada").await, stage.visitor());
    for (browser, path, status) in [
        (&visitor, "/", 200),
        (&visitor, "/app?session=x", 200),
        (&visitor, "/livez", 200),
        (&visitor, "/missing.js", 404),
        (&visitor, "/api/v1/server", 200),
        (&visitor, "/api/v1/openapi.json", 200),
        (&visitor, "/api/v1/machines", 401),
        (&visitor, "/api/nothing", 404),
        (&ada, "/api/v1/auth/me", 200),
        (&ada, "/api/v1/machines?limit=0", 422),
        (&ada, "/api/v1/machines?size=1", 400),
        (&ada, "/api/v1/events", 200),
    ] {
        let answer = get(browser, path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_protected(path, &answer);
        if path.starts_with("/api/v1/") {
            assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        }
    }
    let page = get(&visitor, "/").await.text().await.unwrap();
    // The page as it is built, or the words that stand for it: neither needs an exception from the policy.
    assert!(!page.contains("<script>") && !page.contains(" onload="), "{page}");
    for path in page.split(['"', '\'', ' ']).filter(|part| part.starts_with("/assets/")) {
        let answer = get(&visitor, path).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["cache-control"].as_bytes()),
            (200, &b"public, max-age=31536000, immutable"[..]),
            "{path}"
        );
        assert_protected(path, &answer);
    }
    let foreign = visitor.ask("POST", "/auth/login").header("origin", "http://evil.example").body("{}");
    let refused = reqwest::Client::new().execute(foreign.build().unwrap()).await.unwrap();
    assert_protected("a refusal of another origin", &refused);
}

/// What the build has compressed is passed on as it is, and only to whoever takes it.
#[tokio::test]
async fn a_file_that_is_compressed_already_is_for_those_who_accept_it() {
    let stage = Stage::start().await;
    let visitor = stage.visitor();
    let page = get(&visitor, "/").await.text().await.unwrap();
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist");
    let stored = |path: &str| std::fs::read(format!("{dist}{path}.br"));
    let mut parts = page.split(['"', '\'']);
    let script = parts.find(|part| part.ends_with(".js") && part.starts_with("/assets/") && stored(part).is_ok());
    let script = script.expect("the page itself is looked at: build it with `npm ci && npm run build` in web/ first");
    let accepting = async |encodings: &str| {
        let request =
            reqwest::Client::new().get(format!("{}{script}", stage.base)).header("accept-encoding", encodings);
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let told = ["content-encoding", "vary", "content-type"].map(header);
        (told, answer.bytes().await.unwrap())
    };
    let told = |encoding: Option<&str>| {
        [encoding, Some("accept-encoding"), Some("text/javascript; charset=utf-8")]
            .map(|value| value.map(str::to_owned))
    };
    let (plain, whole) = accepting("identity").await;
    assert_eq!(plain, told(None));
    for encodings in ["br", "gzip, deflate, br, zstd"] {
        let (encoded, bytes) = accepting(encodings).await;
        assert_eq!(encoded, told(Some("br")), "{encodings}");
        assert_eq!(bytes, stored(script).unwrap(), "{encodings}");
        assert!(bytes.len() * 3 < whole.len(), "{} of {}", bytes.len(), whole.len());
    }
    for (encodings, encoding) in [("gzip", Some("gzip")), ("br;q=0", None)] {
        assert_eq!(accepting(encodings).await.0, told(encoding), "{encodings}");
    }
    assert_eq!(get(&visitor, &format!("{script}.br")).await.status(), 404, "it is no file of its own");
}

/// Whoever is signed in, a page of somebody else's changes nothing, whichever way it asks.
#[tokio::test]
async fn a_foreign_page_can_neither_sign_in_nor_preflight() {
    let stage = Stage::start().await;
    stage.user("ada").await;
    let http = reqwest::Client::new();
    let login = format!("{}/api/v1/auth/login", stage.base);
    let host = stage.base.trim_start_matches("http://");
    let body = r#"{"username":"ada","password":"correct horse"}"#;
    for origin in ["http://evil.example", "null", "", &format!("http://{host}.evil.example"), "http://127.0.0.1:1"] {
        let request = http.post(&login).header("content-type", "application/json").header("origin", origin).body(body);
        assert_eq!(request.send().await.unwrap().status(), 403, "{origin:?}");
    }
    // What a form of another site can send is no JSON.
    let form = http.post(&login).header("content-type", "text/plain").body(body).send().await.unwrap();
    assert_eq!(form.status(), 415);
    let preflight = http
        .request(reqwest::Method::OPTIONS, &login)
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST");
    let answer = preflight.send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
}
