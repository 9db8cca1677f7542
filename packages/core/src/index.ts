export * from "./origin.ts";
export * from "./diagnostic.ts";
export * from "./packet/packet.ts";
export * from "./packet/builders.ts";
export * from "./network/network.ts";
export * from "./network/endpoint.ts";
