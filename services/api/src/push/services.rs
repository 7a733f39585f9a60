//! Which push services we send to. A subscription's address comes from a browser: whoever may write any address there
//! could have us knock at doors within our own network.

use url::Url;

use crate::domain::page_address::is_loopback;

/// Addresses that may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushServices(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    scheme: String,
    /// Of the host: all of it, or everything behind `*`.
    host: String,
    below: bool,
    port: Option<u16>,
}

impl PushServices {
    /// Reads a list with spaces, such as `https://fcm.googleapis.com https://*.push.apple.com`. None: push is off.
    ///
    /// # Errors
    /// The entry that is no address.
    pub(crate) fn parse(list: &str) -> Result<Option<Self>, String> {
        let patterns = list.split_whitespace().map(|entry| {
            let (text, below) = match entry.split_once("://*.") {
                Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
                None => (entry.to_owned(), false),
            };
            // What is told is sealed, but who is told is not: without encryption it stays within this computer.
            let is_private = |url: &Url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(url);
            let url = Url::parse(&text).ok().filter(is_private);
            let host = url.as_ref().and_then(Url::host_str).map(str::to_owned);
            match (url, host) {
                (Some(url), Some(host)) if url.path() == "/" && url.query().is_none() => {
                    Ok(Pattern { scheme: url.scheme().to_owned(), host, below, port: url.port() })
                }
                _ => Err(entry.to_owned()),
            }
        });
        let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
        Ok((!patterns.is_empty()).then_some(Self(patterns)))
    }

    /// Whether this address is of one of them.
    pub(crate) fn has(&self, address: &Url) -> bool {
        let Some(host) = address.host_str() else { return false };
        let plain = address.username().is_empty() && address.password().is_none();
        plain
            && self.0.iter().any(|pattern| {
                let named = match host.strip_suffix(&pattern.host) {
                    Some("") => !pattern.below,
                    Some(before) => pattern.below && before.ends_with('.'),
                    None => false,
                };
                named && address.scheme() == pattern.scheme && address.port() == pattern.port
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_sent_to() {
        let services = PushServices::parse("https://fcm.example  https://*.push.example http://127.0.0.1:99").unwrap();
        let services = services.unwrap();
        let has = |address: &str| services.has(&Url::parse(address).unwrap());
        for address in ["https://fcm.example/fcm/send/x", "https://a.b.push.example/y", "http://127.0.0.1:99/z"] {
            assert!(has(address), "{address}");
        }
        for address in [
            "http://fcm.example/",
            "https://fcm.example:8443/",
            "https://x.fcm.example/",
            "https://evilfcm.example/",
            "https://push.example/",
            "https://evilpush.example/",
            "https://fcm.example.evil.example/",
            "https://fcm.example@evil.example/",
            "https://user@fcm.example/",
            "http://127.0.0.1/",
            "http://169.254.169.254/latest",
        ] {
            assert!(!has(address), "{address}");
        }
        assert_eq!(PushServices::parse(" ").unwrap(), None);
        for list in ["fcm.example", "ftp://x", "https://a.example/path", "https://"] {
            assert!(PushServices::parse(list).is_err(), "{list}");
        }
    }
}
