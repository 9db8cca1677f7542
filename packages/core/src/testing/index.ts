export { arbitraryNetwork, type GeneratedNetwork, networkOf } from "./arbitrary-network.ts";
export { arbitraryPacket } from "./arbitrary-packet.ts";
export type { Middle } from "./middle-stages.ts";
