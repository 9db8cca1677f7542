import { createConnection, type Socket } from "node:net";

/** A connection to a program of the OVS family: a database server, or the control socket of a daemon. */
export interface RpcClient {
  /** Calls a method and returns its result; throws the error the program reports. */
  readonly call: (method: string, params: readonly unknown[]) => Promise<unknown>;
  readonly close: () => void;
}

/** Where each complete JSON text of `text` ends, as far as there are any. */
function* completeTexts(state: { buffer: string; depth: number; quoted: boolean; escaped: boolean; at: number }): Generator<string> {
  while (state.at < state.buffer.length) {
    const char = state.buffer.charCodeAt(state.at++);
    if (state.escaped) state.escaped = false;
    else if (state.quoted) {
      if (char === 0x5c) state.escaped = true;
      else if (char === 0x22) state.quoted = false;
    } else if (char === 0x22) state.quoted = true;
    else if (char === 0x7b || char === 0x5b) state.depth++;
    else if ((char === 0x7d || char === 0x5d) && --state.depth === 0) {
      yield state.buffer.slice(0, state.at);
      state.buffer = state.buffer.slice(state.at);
      state.at = 0;
    }
  }
}

interface Message {
  readonly id: unknown;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Connects to a server; the file of its socket may be there a moment before it listens. */
async function connect(socketFile: string, tries = 50): Promise<Socket> {
  const socket = createConnection(socketFile);
  try {
    await new Promise<void>((resolve, reject) => { socket.once("connect", resolve).once("error", reject); });
    return socket;
  } catch (error) {
    socket.destroy();
    if (tries === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return connect(socketFile, tries - 1);
  }
}

/**
 * Opens a JSON-RPC connection over a Unix socket, as OVSDB servers (RFC 7047) and `ovs-appctl` targets speak it.
 *
 * Calls are answered in the order in which they were made.
 */
export async function rpcClient(socketFile: string): Promise<RpcClient> {
  const socket = await connect(socketFile);
  socket.setEncoding("utf8");
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const state = { buffer: "", depth: 0, quoted: false, escaped: false, at: 0 };
  const fail = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  socket.on("data", (text) => {
    state.buffer += String(text);
    for (const complete of completeTexts(state)) {
      const message = JSON.parse(complete) as Message;
      if (message.method === "echo") socket.write(JSON.stringify({ id: message.id, result: message.params, error: null }));
      const call = typeof message.id === "number" ? waiting.get(message.id) : undefined;
      if (call === undefined) continue;
      waiting.delete(message.id as number);
      if (message.error === null || message.error === undefined) call.resolve(message.result);
      else call.reject(new Error(typeof message.error === "string" ? message.error : JSON.stringify(message.error)));
    }
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error(`${socketFile} closed the connection`)));
  let next = 0;
  return {
    call: (method, params) => new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      socket.write(JSON.stringify({ id, method, params }));
    }),
    close: () => socket.destroy(),
  };
}
