//! What the api is told.

use muster_service::{
    config::{Setting, one_of},
    settings,
};
use secrecy::SecretString;
use strum::VariantNames;

settings! {
    /// The api's own keys.
    pub struct ApiConfig {
        /// Address that browsers and programs connect to.
        listen: std::net::SocketAddr = "127.0.0.1:8080",
        /// The page's certificate and those up to its authority, as PEM: it is served over HTTPS then.
        tls_cert_file: Option<std::path::PathBuf>,
        /// The certificate's private key, as PEM. Both files are read again when they change.
        tls_key_file: Option<std::path::PathBuf>,
        /// Address of the page as its users see it, `https://HOST`; none: as they asked for it.
        public_url: Option<String>,
        /// Addresses of the broker as workers elsewhere reach it; several separated by commas.
        public_nats: Option<String>,
        /// Directory with the worker-agents that this server gives away, each named
        /// `muster-worker-agent-<os>-<processor>`, such as `muster-worker-agent-linux-x86_64`; none: it gives none.
        downloads_dir: Option<std::path::PathBuf>,
        /// Networks of the proxies before us (`10.0.0.0/8`), separated by commas: from them, `X-Forwarded-For` says who
        /// asks, for limits and the audit log; empty: whoever has the connection. Name no network of anybody else.
        trusted_proxies: String = "",
        /// Name that the page shows.
        server_name: String = "Muster",
        /// Who may make an account: open, invite, closed; auto is open on loopback, else invite.
        registration: RegistrationSetting = "auto",
        /// Password of the account `admin`, which is made when there is no account yet.
        admin_password: Option<SecretString>,
        /// Issuer of an OpenID Connect provider that people may sign in by, as it names itself; none: no provider.
        /// Its client is registered with the redirect address `PUBLIC_URL/api/v1/auth/oidc/OIDC_PROVIDER/callback`.
        oidc_issuer: Option<String>,
        /// Our client's id at the provider.
        oidc_client_id: Option<String>,
        /// Our client's secret at the provider; a public client has none.
        oidc_client_secret: Option<SecretString>,
        /// File with the secret, instead of `oidc_client_secret`.
        oidc_client_secret_file: Option<std::path::PathBuf>,
        /// What the page calls the provider; unless said otherwise the issuer's host.
        oidc_name: Option<String>,
        /// The provider's place in addresses: a-z, 0-9 and hyphen.
        oidc_provider: String = "sso",
        /// What is asked of the provider beside `openid`, separated by spaces.
        oidc_scopes: String = "profile email",
        /// Push services that browsers may be told through of what happened while nobody looked, separated by spaces; a
        /// host may begin with `*.`; empty: browsers are not told.
        push_services: String = "https://fcm.googleapis.com https://updates.push.services.mozilla.com \
            https://*.push.apple.com https://*.notify.windows.com",
        /// Whom the people of a push service write to, `mailto:` or `https:`; unless said otherwise PUBLIC_URL.
        push_contact: Option<String>,
        /// Bytes of a request's body at most.
        body_limit: usize = "1048576" in 1..=i64::MAX,
        /// Requests that one user may make in a minute in one process; a tenth of them at once.
        @live requests_per_minute: u32 = "6000" in 1..=1_000_000,
        /// Event streams that one user may have open in one process.
        @live streams_per_user: usize = "200" in 1..=1_000_000,
    }
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, VariantNames)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum RegistrationSetting {
    /// Open when only this computer can connect, else by invitation.
    Auto,
    /// Everybody.
    Open,
    /// Whoever was invited.
    Invite,
    /// Nobody.
    Closed,
}

impl Setting for RegistrationSetting {
    fn kind() -> String {
        one_of(Self::VARIANTS)
    }
}
