export * from "./program.ts";
export { handle, certificateFor, type Action, type ClientRequest, type FrontendName, type Handling, type HttpMessage } from "./machine.ts";
export { lookup } from "./lookup.ts";
export { setCookie, type CookieState } from "./cookie.ts";
export type { Header } from "./sample.ts";
export { routerEndpoint, type RouterEndpointOptions } from "./endpoint.ts";
export { responseHeaders } from "./response.ts";
