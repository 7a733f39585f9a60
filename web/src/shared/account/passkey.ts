import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/browser";
import { api, must, type Schemas } from "@/shared/api/client";

type Credential = Schemas["PasskeyLogin"]["credential"];

/** What the browser asks and is answered is JSON that only it and the server look into. */
const asCredential = (answer: object) => answer as Credential;

export function browserHasPasskeys(): boolean {
  return typeof PublicKeyCredential === "function";
}

export async function signInByPasskey(): Promise<Schemas["User"]> {
  const options = await must(api.POST("/api/v1/auth/passkeys/login/options"));
  const { startAuthentication } = await import("@simplewebauthn/browser");
  const optionsJSON = options as unknown as PublicKeyCredentialRequestOptionsJSON;
  const credential = asCredential(await startAuthentication({ optionsJSON }));
  return must(api.POST("/api/v1/auth/passkeys/login", { body: { credential } }));
}

export async function addPasskey(name: string): Promise<Schemas["Passkey"]> {
  const options = await must(api.POST("/api/v1/auth/passkeys/register/options"));
  const { startRegistration } = await import("@simplewebauthn/browser");
  const optionsJSON = options as unknown as PublicKeyCredentialCreationOptionsJSON;
  const credential = asCredential(await startRegistration({ optionsJSON }));
  return must(api.POST("/api/v1/auth/passkeys", { body: { name, credential } }));
}
