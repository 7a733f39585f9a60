import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Provider } from "oidc-provider";

/** What was told to Muster of the provider, by its own settings' names. */
function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} says nothing of the provider of these tests`);
  return value;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>Example</title>
<form method="post"><label>Name <input name="login"></label><button>Sign in there</button></form>
<form method="post"><button>Cancel</button></form>`;

/** A real OpenID Connect provider: whoever tells a name is that person. */
export class ExampleProvider {
  private constructor(private readonly server: Server) {}

  static async start(muster: string): Promise<ExampleProvider> {
    const issuer = setting("MUSTER_OIDC_ISSUER");
    const clientId = setting("MUSTER_OIDC_CLIENT_ID");
    const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: setting("MUSTER_OIDC_CLIENT_SECRET"),
          redirect_uris: [`${muster}/api/v1/auth/oidc/sso/callback`],
        },
      ],
      jwks: { keys: [{ ...key.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }] },
      cookies: { keys: ["for these tests alone"] },
      ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      pkce: { required: () => true },
      claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email"] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      findAccount: (_, accountId) => ({
        accountId,
        claims: () => ({ sub: accountId, preferred_username: accountId }),
      }),
      // Nobody is asked what Muster may know.
      loadExistingGrant: async ({ oidc }) => {
        const grant = new oidc.provider.Grant({
          clientId,
          accountId: oidc.account?.accountId ?? "",
        });
        grant.addOIDCScope("openid profile email");
        await grant.save();
        return grant;
      },
    });
    const answer = provider.callback();
    const server = createServer((request, response) => {
      if (request.url?.startsWith("/interaction/") === true)
        void interact(provider, request, response);
      else void answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(Number(new URL(issuer).port), resolve));
    return new ExampleProvider(server);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "POST") {
    response.setHeader("Content-Type", "text/html").end(PAGE);
    return;
  }
  let body = "";
  for await (const piece of request) body += String(piece);
  const accountId = new URLSearchParams(body).get("login");
  const result =
    accountId === null ? { error: "access_denied" } : { login: { accountId, remember: true } };
  await provider.interactionFinished(request, response, result);
}
