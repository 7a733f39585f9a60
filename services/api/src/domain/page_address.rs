//! Where browsers find the page.

use std::net::IpAddr;

use url::{Host, Url};

/// Where the page is: as configured, else as a browser on this computer asked for it. Whoever sends another host
/// cannot make us name theirs.
pub(crate) fn page_address(configured: Option<&Url>, tls: bool, host: Option<&str>) -> Option<Url> {
    let scheme = if tls { "https" } else { "http" };
    let address = match configured {
        Some(url) => url.clone(),
        None => Url::parse(&format!("{scheme}://{}", host?)).ok().filter(is_loopback)?,
    };
    address.join("/").ok()
}

/// Whether an address leads to this computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // Schemes that the web does not know leave numbers as they are.
        Some(Host::Domain(name)) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The domain that passkeys of the page are for, if browsers make any there: over TLS, or on `localhost`, and nowhere
/// by number.
pub(crate) fn passkey_domain(page: &Url) -> Option<&str> {
    match page.host() {
        Some(Host::Domain(name)) if page.scheme() == "https" || name == "localhost" => Some(name),
        _ => None,
    }
}

/// Paths that a sign-in may lead back to, and what lies below them.
const PLACES: [&str; 2] = ["/app", "/settings"];

/// A place of our page that a sign-in may lead back to: a path, as it is written into a redirect.
pub(crate) fn return_path(asked: &str) -> Option<String> {
    let page = Url::parse("http://page.invalid").ok()?;
    let there = page.join(asked).ok().filter(|there| there.origin() == page.origin())?;
    let rest = PLACES.iter().find_map(|place| there.path().strip_prefix(place))?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let query = there.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}{query}", there.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_address_wins_and_only_loopback_is_believed() {
        let public = Url::parse("https://muster.example/").unwrap();
        let address = |configured, host| page_address(configured, false, host).map(String::from);
        let own = |text: &str| Some(text.to_owned());
        assert_eq!(address(Some(&public), Some("evil.example")), own("https://muster.example/"));
        assert_eq!(address(None, Some("localhost:8080")), own("http://localhost:8080/"));
        assert_eq!(address(None, Some("127.0.0.1:8080")), own("http://127.0.0.1:8080/"));
        assert_eq!(address(None, Some("[::1]:8080")), own("http://[::1]:8080/"));
        for host in ["evil.example", "localhost.evil.example", "localhost@evil.example", "192.168.0.1", ""] {
            assert_eq!(address(None, Some(host)), None, "{host}");
        }
        assert_eq!(address(None, None), None);
        let secure = page_address(None, true, Some("localhost:8443")).map(String::from);
        assert_eq!(secure, own("https://localhost:8443/"));
    }

    #[test]
    fn passkeys_need_a_name_and_a_safe_way_to_it() {
        for (page, domain) in [
            ("https://muster.example:8443", Some("muster.example")),
            ("http://localhost:8080", Some("localhost")),
            ("http://muster.example", None),
            ("http://127.0.0.1:8080", None),
            ("https://[::1]", None),
        ] {
            assert_eq!(passkey_domain(&Url::parse(page).unwrap()), domain, "{page}");
        }
    }

    #[test]
    fn a_sign_in_leads_back_to_our_page_alone() {
        for (asked, expected) in [
            ("/app", "/app"),
            ("/app?machine=a&session=b", "/app?machine=a&session=b"),
            ("/settings", "/settings"),
            ("/app/../settings", "/settings"),
            ("http://page.invalid/app", "/app"),
        ] {
            assert_eq!(return_path(asked).as_deref(), Some(expected), "{asked}");
        }
        for asked in [
            "",
            "/",
            "/apple",
            "//evil.example/app",
            "/\\evil.example/app",
            "/.//evil.example/app",
            "/app/..//evil.example",
            "https://evil.example/app",
            "javascript:alert(1)//app",
            "/api/v1/auth/logout",
            "\t//evil.example/app",
        ] {
            assert_eq!(return_path(asked), None, "{asked}");
        }
        assert_eq!(return_path("/app?\r\nSet-Cookie: a=b").as_deref(), Some("/app?Set-Cookie:%20a=b"));
    }
}
