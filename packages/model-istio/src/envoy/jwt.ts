import { type Headers, headerOf } from "./headers.ts";
import { isObject, type Json, list, object, text, texts, values } from "./json.ts";
import { pathOnly } from "./path.ts";
import { pathMatches } from "./route-match.ts";
import { queryOf } from "./string-match.ts";

/** What jwt_authn makes of a request. `claims` are the token's, believed without checking the signature. */
export type JwtAnswer =
  | { readonly type: "pass"; readonly claims?: Json }
  | { readonly type: "deny"; readonly status: number; readonly details: string };

const denied = (why: string): JwtAnswer => ({ type: "deny", status: 401, details: `jwt_authn_access_denied{${why}}` });

function tokenOf(provider: Json, headers: Headers): string | undefined {
  const places = list(provider["from_headers"]);
  const parameters = texts(provider["from_params"]);
  const byDefault = places.length === 0 && parameters.length === 0;
  for (const place of byDefault ? [{ name: "Authorization", value_prefix: "Bearer " }] : places) {
    const value = headerOf(headers, (text(place["name"]) ?? "").toLowerCase());
    const prefix = text((place as Json)["value_prefix"]) ?? "";
    const at = value?.indexOf(prefix) ?? -1;
    if (value !== undefined && at >= 0) return value.slice(at + prefix.length).trim();
  }
  const query = queryOf(headerOf(headers, ":path") ?? "");
  return (byDefault ? ["access_token"] : parameters).map((name) => query.get(name)).find((value) => value !== undefined);
}

function decode(token: string): Json | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const bytes = Uint8Array.from(atob((parts[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

type Verified = { readonly type: "missing" } | { readonly type: "failed"; readonly why: string } | { readonly type: "good"; readonly claims: Json };

function verify(provider: Json, headers: Headers): Verified {
  const token = tokenOf(provider, headers);
  if (token === undefined) return { type: "missing" };
  const claims = decode(token);
  if (claims === undefined) return { type: "failed", why: "Jwt_is_not_in_the_form_of_Header.Payload.Signature_with_two_dots_and_3_sections" };
  const issuer = text(provider["issuer"]) ?? "";
  if (issuer !== "" && claims["iss"] !== issuer) return { type: "failed", why: "Jwt_issuer_is_not_configured" };
  const wanted = texts(provider["audiences"]);
  const has = typeof claims["aud"] === "string" ? [claims["aud"]] : texts(claims["aud"]);
  if (wanted.length > 0 && !wanted.some((audience) => has.includes(audience))) return { type: "failed", why: "Audiences_in_Jwt_are_not_allowed" };
  return { type: "good", claims };
}

function require(requirement: Json, providers: Json, headers: Headers): Verified {
  const named = text(requirement["provider_name"]) ?? text(object(requirement["provider_and_audiences"])["provider_name"]);
  if (named !== undefined) return verify(object(providers[named]), headers);
  const all = requirement["requires_all"];
  if (isObject(all)) {
    const found = list(all["requirements"]).map((item) => require(item, providers, headers));
    return found.find((item) => item.type !== "good") ?? found[0] ?? { type: "missing" };
  }
  const any = requirement["requires_any"];
  if (isObject(any)) {
    const items = list(any["requirements"]);
    const found = items.filter((item) => item["allow_missing"] === undefined && item["allow_missing_or_failed"] === undefined).map((item) => require(item, providers, headers));
    const good = found.find((item) => item.type === "good");
    if (good !== undefined) return good;
    if (items.some((item) => item["allow_missing_or_failed"] !== undefined)) return { type: "good", claims: {} };
    const failed = found.find((item) => item.type === "failed");
    if (failed !== undefined) return failed;
    return items.some((item) => item["allow_missing"] !== undefined) ? { type: "good", claims: {} } : { type: "missing" };
  }
  return { type: "good", claims: {} };
}

/**
 * Checks a request's tokens as far as their text tells: place, form, issuer and audience.
 *
 * Signatures and times are not checked: keys are not read and there is no clock.
 *
 * @see Envoy 1.26, source/extensions/filters/http/jwt_authn
 */
export function checkJwt(filter: Json, headers: Headers): JwtAnswer {
  const path = headerOf(headers, ":path") ?? "";
  if (filter["bypass_cors_preflight"] === true && headerOf(headers, ":method") === "OPTIONS" && headerOf(headers, "origin") !== undefined && headerOf(headers, "access-control-request-method") !== undefined) return { type: "pass" };
  const rule = list(filter["rules"]).find((item) => pathMatches(object(item["match"]), pathOnly(path), headerOf(headers, ":method") ?? ""));
  if (rule === undefined || !isObject(rule["requires"])) return { type: "pass" };
  const result = require(rule["requires"], object(filter["providers"]), headers);
  if (result.type === "missing") return denied("Jwt_is_missing");
  if (result.type === "failed") return denied(result.why);
  return Object.keys(result.claims).length === 0 ? { type: "pass" } : { type: "pass", claims: result.claims };
}

/** The metadata that Istio's authn filter makes of a token's claims, for RBAC to look at. */
export function istioAuthn(claims: Json): Json {
  const aud = claims["aud"];
  const many = (value: unknown): unknown => (typeof value === "string" ? [value] : Array.isArray(value) ? values(value) : value);
  return {
    "request.auth.principal": `${text(claims["iss"]) ?? ""}/${text(claims["sub"]) ?? ""}`,
    "request.auth.audiences": typeof aud === "string" ? aud : texts(aud)[0],
    "request.auth.presenter": claims["azp"],
    "request.auth.claims": Object.fromEntries(Object.entries(claims).map(([key, value]) => [key, many(value)])),
  };
}
