// Runs inside a network namespace: listens and connects as told by lines of JSON, and tells what happened.
import net from "node:net";
import readline from "node:readline";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const listen = ({ name, ports }) => {
  let open = ports.length;
  for (const port of ports) {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.end(JSON.stringify({ at: name, local: `${socket.localAddress}:${socket.localPort}`, remote: socket.remoteAddress }));
    });
    server.listen({ port, host: "0.0.0.0" }, () => {
      open -= 1;
      if (open === 0) say({ ready: true });
    });
  }
};

const connect = ({ id, host, port, localAddress, timeout }) => {
  let text = "";
  let done = false;
  const finish = (result) => {
    if (done) return;
    done = true;
    socket.destroy();
    say({ id, ...result });
  };
  const socket = net.connect({ host, port, localAddress });
  socket.on("data", (data) => (text += data));
  socket.on("end", () => finish(text === "" ? { error: "closed" } : { reached: JSON.parse(text) }));
  socket.on("error", ({ code }) => finish({ error: code }));
  setTimeout(() => finish({ error: "timeout" }), timeout);
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  if (command.op === "listen") listen(command);
  else if (command.op === "connect") connect(command);
  else process.exit(0);
});
say({ started: true });
