export { arbitraryPacket } from "./arbitrary-packet.ts";
